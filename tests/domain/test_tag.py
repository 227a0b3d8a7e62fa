"""Whose machine is it? Read off the tag alone, and impossible to fake by accident."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import tag

KEY, OLD_KEY = b"k" * 32, b"o" * 32
MOMENTS = st.integers(0, 32**10 - 1)
DEPLOYMENTS = st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True)


@given(DEPLOYMENTS, MOMENTS, st.binary(min_size=10, max_size=10))
def test_a_minted_tag_reads_back_as_ours_with_its_moment(deployment: str, at: int, entropy: bytes) -> None:
    session_id = tag.mint(deployment, at, entropy, KEY)
    assert tag.read(tag.of(session_id), deployment, [KEY]) == tag.Ours(session_id, at)
    assert len(tag.of(session_id)) <= 60


@given(MOMENTS, st.integers(0, 200), st.sampled_from("0123456789abcdefghjkmnpqrstvwxyz-ABZ _"))
def test_a_tag_with_any_character_changed_is_never_ours(at: int, position: int, letter: str) -> None:
    whole = tag.of(tag.mint("prod", at, b"0123456789", KEY))
    position %= len(whole)
    forged = whole[:position] + letter + whole[position + 1 :]
    if forged != whole:
        assert not isinstance(tag.read(forged, "prod", [KEY]), tag.Ours)


@given(st.text())
def test_any_text_at_all_can_be_read(text: str) -> None:
    assert not isinstance(tag.read(text, "prod", [KEY]), tag.Ours)


def test_two_deployments_on_one_account_are_foreign_to_each_other() -> None:
    assert tag.read(tag.of(tag.mint("dev", 1, b"0123456789", KEY)), "prod", [KEY]) == tag.Foreign()


def test_an_earlier_key_still_verifies() -> None:
    session_id = tag.mint("prod", 1, b"0123456789", OLD_KEY)
    assert isinstance(tag.read(tag.of(session_id), "prod", [KEY, OLD_KEY]), tag.Ours)


def test_a_tag_of_a_lost_key_is_told_apart_for_a_person() -> None:
    session_id = tag.mint("prod", 7, b"0123456789", OLD_KEY)
    assert tag.read(tag.of(session_id), "prod", [KEY]) == tag.Unverified(session_id, 7)


@pytest.mark.parametrize("text", [None, "", "shopper-", "C.123", "shopper-prod", "shopper-prod-x-y"])
def test_what_is_no_tag_is_foreign(text: str | None) -> None:
    assert tag.read(text, "prod", [KEY]) == tag.Foreign()


def test_ids_sort_by_their_moment() -> None:
    ids = [tag.mint("prod", at, b"\xff" * 10, KEY) for at in (1, 2, 10**12, 10**13)]
    assert ids == sorted(ids)
