"""When creates are refused, and that nothing else ever is."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import admission
from chalicelib.domain.admission import ProviderState, creates_blocked
from chalicelib.domain.policy import Policy
from tests.builders import NOW

POLICY = Policy()
FRESH = ProviderState(provider="vastai")
MINUTE = 60_000


def failed(state: ProviderState, times: int, at: int = NOW) -> ProviderState:
    for _ in range(times):
        state = admission.create_ended(state, at, False, "500", POLICY)
    return state


def test_a_fresh_provider_takes_creates() -> None:
    assert creates_blocked(FRESH, NOW, POLICY) is None


def test_a_quarter_of_an_hour_without_a_complete_list_blocks() -> None:
    blind = admission.list_failed(FRESH, NOW, "page 2 missing", auth=False)
    assert creates_blocked(blind, NOW + 14 * MINUTE, POLICY) is None
    assert "page 2 missing" in (creates_blocked(blind, NOW + 15 * MINUTE, POLICY) or "")
    assert creates_blocked(admission.list_succeeded(blind, NOW), NOW + 15 * MINUTE, POLICY) is None


def test_an_auth_error_blocks_at_once_until_a_list_succeeds() -> None:
    locked_out = admission.list_failed(FRESH, NOW, "401", auth=True)
    assert creates_blocked(locked_out, NOW, POLICY) is not None
    assert creates_blocked(admission.list_succeeded(locked_out, NOW), NOW, POLICY) is None


def test_a_destroy_stuck_for_an_hour_blocks() -> None:
    stuck = admission.passed(FRESH, NOW, None)
    assert creates_blocked(stuck, NOW + 59 * MINUTE, POLICY) is None
    assert creates_blocked(stuck, NOW + 60 * MINUTE, POLICY) is not None


def test_five_failures_in_a_row_open_the_breaker_for_a_minute() -> None:
    assert creates_blocked(failed(FRESH, 4), NOW, POLICY) is None
    assert creates_blocked(failed(FRESH, 5), NOW + MINUTE - 1, POLICY) is not None
    assert creates_blocked(failed(FRESH, 5), NOW + MINUTE, POLICY) is None


def test_each_reopening_lasts_longer_up_to_five_minutes() -> None:
    pauses = [failed(FRESH, times).open_for_seconds for times in range(5, 10)]
    assert pauses == [60, 120, 240, 300, 300]


def test_while_one_create_is_tried_the_breaker_stays_open_for_the_others() -> None:
    probed = admission.probed(failed(FRESH, 6), NOW + 2 * MINUTE)
    assert creates_blocked(probed, NOW + 4 * MINUTE - 1, POLICY) is not None
    assert creates_blocked(probed, NOW + 4 * MINUTE, POLICY) is None


def test_one_success_closes_the_breaker() -> None:
    closed = admission.create_ended(failed(FRESH, 9), NOW, True, None, POLICY)
    assert creates_blocked(closed, NOW, POLICY) is None
    assert closed.failures_in_row == 0


def test_half_of_ten_failures_opens_it_even_with_successes_between() -> None:
    state = FRESH
    for number in range(10):
        state = admission.create_ended(state, NOW + number, number % 2 == 0, "500", POLICY)
    assert creates_blocked(state, NOW + 10, POLICY) is not None


@given(st.lists(st.booleans(), max_size=120))
def test_what_is_remembered_of_creates_stays_small(outcomes: list[bool]) -> None:
    state = FRESH
    for good in outcomes:
        state = admission.create_ended(state, NOW, good, "500", POLICY)
    assert len(msgspec.json.encode(state)) < 3000


def test_a_machine_that_failed_cools_down_for_its_time_however_often_it_failed() -> None:
    state = admission.machine_failed(FRESH, "m-1", NOW, POLICY)
    state = admission.machine_failed(state, "m-2", NOW + 30 * MINUTE, POLICY)
    state = admission.machine_failed(state, "m-2", NOW + 31 * MINUTE, POLICY)
    assert admission.cooling(state, NOW + 59 * MINUTE) == {"m-1", "m-2"}
    assert admission.cooling(state, NOW + 60 * MINUTE) == {"m-2"}
    assert [name for name, _ in admission.machine_failed(state, "m-3", NOW + 61 * MINUTE, POLICY).cooling] == [
        "m-2",
        "m-3",
    ]


def test_the_list_of_cooling_machines_never_grows_beyond_bounds() -> None:
    state = FRESH
    for number in range(300):
        state = admission.machine_failed(state, f"m-{number}", NOW + number, POLICY)
    assert len(state.cooling) == 200
    assert state.cooling[-1][0] == "m-299"
