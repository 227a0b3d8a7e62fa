"""How often a destroy is repeated."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.destroy import late_arrival_possible, look_pause, pause
from chalicelib.domain.policy import Policy
from tests.builders import NOW
from tests.domain.test_session import an_attempt

POLICY = Policy()


@given(st.integers(1, 10_000), st.text())
def test_the_pause_is_never_longer_than_five_minutes_nor_shorter_than_24_seconds(calls: int, seed: str) -> None:
    assert 24_000 <= pause(calls, seed, POLICY) <= 300_000


@given(st.text())
def test_the_pauses_grow_to_the_cap_and_stay_there(seed: str) -> None:
    pauses = [pause(calls, seed, POLICY) for calls in range(1, 5)]
    assert pauses == sorted(pauses)
    assert pause(50, seed, POLICY) >= 240_000


def test_an_unanswered_create_may_surface_until_the_window_and_three_lists_are_over() -> None:
    unclear = an_attempt()
    late = NOW + 30 * 60_000
    assert late_arrival_possible(unclear, late, POLICY)
    assert late_arrival_possible(msgspec.structs.replace(unclear, lists_without=3), late - 1, POLICY)
    assert not late_arrival_possible(msgspec.structs.replace(unclear, lists_without=3), late, POLICY)
    assert not late_arrival_possible(msgspec.structs.replace(unclear, answered=True), NOW, POLICY)


def test_a_short_backoff_shortens_the_look_before_it() -> None:
    policy = Policy(destroy_backoff_max_seconds=2.0)
    assert look_pause(policy) == 1_000
    assert [pause(calls, "s", policy) for calls in (1, 9)] == [2_000, 2_000]
    assert (look_pause(Policy()), pause(9, "s", Policy())) == (5_000, 300_000)
