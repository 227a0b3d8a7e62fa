"""What an agent is told, and what proves it."""

import subprocess
from shutil import which

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import lease
from chalicelib.domain.instant import HOUR
from chalicelib.domain.policy import Policy
from tests.builders import NOW, a_session_id

PEPPER = b"pepper"
SESSION = a_session_id(1)


def test_the_machine_outlives_its_session_by_the_grace_and_the_hard_max_by_no_more() -> None:
    assert lease.deadline(NOW + HOUR, NOW + 12 * HOUR, Policy()) == NOW + HOUR + 600_000
    assert lease.deadline(NOW + 20 * HOUR, NOW + 12 * HOUR, Policy()) == NOW + 12 * HOUR + 600_000


def test_a_token_names_its_session_and_only_its_digest_is_needed() -> None:
    token, half = lease.token(SESSION, bytes(range(32)))
    assert lease.parse(token) == (SESSION, half)
    digest = lease.digest(SESSION, half, PEPPER)
    assert half not in digest
    assert digest != lease.digest(a_session_id(2), half, PEPPER)
    assert digest != lease.digest(SESSION, half, b"other")
    assert lease.secret(SESSION, digest, PEPPER) not in (digest, half)


@pytest.mark.parametrize(
    "presented", ["", "ga_", f"gs_{SESSION}_{'0' * 64}", f"ga_{SESSION}_{'0' * 63}", "ga_A_" + "0" * 64]
)
def test_what_is_no_token_is_none(presented: str) -> None:
    assert lease.parse(presented) is None


def test_a_proof_is_what_any_sha256_program_makes_of_it() -> None:
    if which("sha256sum") is None:
        pytest.skip("this machine has no sha256sum")
    words = lease.words(7, NOW + HOUR, NOW + 12 * HOUR, NOW, False)

    def sha(text: str) -> str:
        return subprocess.run(["sha256sum"], input=text.encode(), capture_output=True, check=True).stdout[:64].decode()

    assert lease.proof("secret", SESSION, words) == sha(f"secret:{sha(f'secret:{SESSION} {words}')}")


def test_the_words_are_seconds() -> None:
    assert (
        lease.words(7, NOW + HOUR, NOW + 12 * HOUR, NOW, True) == f"7 {NOW // 1000 + 3600} 3600 {NOW // 1000 + 43200} 1"
    )
    assert lease.words(7, NOW - HOUR, NOW, NOW, False).split()[2] == "0"


@given(st.integers(0, lease.MOST_BEATS), st.integers(0, lease.MOST_BEATS))
def test_marks_of_one_token_compare_like_their_numbers(earlier: int, later: int) -> None:
    first, last = lease.earlier(lease.mark("ab", later))
    assert (first <= lease.mark("ab", earlier) <= last) == (earlier < later or (earlier == later == 0))
    assert not first <= lease.mark("ac", earlier) <= last
    assert not first <= lease.mark("aa", earlier) <= last


def test_a_mark_keeps_whose_it_is() -> None:
    assert lease.known_token(lease.mark("ab", 7)) == "ab"
    assert lease.known_token(None) is None


@pytest.mark.parametrize(
    ("url", "could"),
    [
        ("https://shopper.example.com", True),
        ("https://8.8.8.8:8443/x", True),
        ("http://[2606:4700::1111]", True),
        ("http://127.0.0.1:8000", False),
        ("http://localhost:8000", False),
        ("http://192.168.1.5", False),
        ("http://10.1.2.3", False),
        ("http://100.64.0.7", False),
        ("http://169.254.1.1", False),
        ("http://[::1]:8000", False),
        ("http://[fd00::1]", False),
        ("http://laptop", False),
        ("http://laptop.local", False),
        ("http://shopper.localhost.", False),
        ("http://0.0.0.0:8000", False),
    ],
)
def test_only_what_the_internet_could_reach_is_reachable(url: str, could: bool) -> None:
    assert lease.reachable(url) is could
