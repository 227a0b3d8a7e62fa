"""API keys: what is in them, what is kept of them, and what a wrong one costs."""

import re

import pytest

from chalicelib.domain import access
from chalicelib.domain.access import KeyRecord
from tests.builders import NOW

PEPPER = b"pepper"
ENTROPY = bytes(range(100, 138))


def _issued() -> tuple[str, str, KeyRecord]:
    key_id, key, digest = access.issue(ENTROPY, PEPPER)
    return key_id, key, KeyRecord(id=key_id, consumer="ada", digest=digest, created_at=NOW)


def test_a_key_carries_all_of_its_256_bits_and_comes_back_whole() -> None:
    key_id, key, _ = _issued()
    assert re.fullmatch(r"gs_[a-z0-9]{10}_[0-9a-f]{72}", key)
    assert access.parse(key) == (key_id, ENTROPY[6:].hex())
    assert len(bytes.fromhex(ENTROPY[6:].hex())) * 8 == 256


@pytest.mark.parametrize("size", [0, 16, 37, 39])
def test_no_key_is_made_of_less_randomness(size: int) -> None:
    with pytest.raises(ValueError, match="38 random bytes"):
        access.issue(bytes(size), PEPPER)


def test_every_single_mistyped_letter_is_found_without_asking_anybody() -> None:
    _, key, _ = _issued()
    for place in range(len("gs_"), len(key)):
        for letter in "0a9f":
            if letter != key[place] and key[place] != "_":
                assert access.parse(key[:place] + letter + key[place + 1 :]) is None


@pytest.mark.parametrize("presented", ["", "gs_", "Bearer", "gs_" + "0" * 83, "\u0661" * 86, "gs_a_b"])
def test_what_has_not_the_form_of_a_key_is_none(presented: str) -> None:
    assert access.parse(presented) is None


def test_only_the_digest_under_the_pepper_is_kept() -> None:
    key_id, key, record = _issued()
    secret = ENTROPY[6:].hex()
    assert secret not in record.digest
    assert access.matches(record, secret, PEPPER)
    assert not access.matches(record, secret, b"another pepper")
    assert not access.matches(record, secret[:-1] + "0", PEPPER)
    assert access.digest("another-id", secret, PEPPER) != access.digest(key_id, secret, PEPPER)
    assert key not in repr(record)


def test_a_revoked_key_matches_nothing() -> None:
    _, _, record = _issued()
    revoked = KeyRecord(id=record.id, consumer="ada", digest=record.digest, created_at=NOW, revoked_at=NOW)
    assert not access.matches(revoked, ENTROPY[6:].hex(), PEPPER)
