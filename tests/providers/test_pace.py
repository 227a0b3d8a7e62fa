"""The shared pace when the rows that hold it cannot be reached."""

import pytest

from chalicelib.domain.errors import ProviderBusy, StoreDown
from chalicelib.domain.instant import Instant
from chalicelib.domain.policy import Policy
from chalicelib.ports import CallKind
from chalicelib.providers.pace import SharedPace
from tests.fakes.clock import ManualClock
from tests.fakes.store import MemoryStore


class NoRows:
    """`RateRows` of a table that is gone."""

    def reserve(
        self, provider: str, kind: CallKind, now: Instant, spacing_ms: int, burst: int, latest: Instant | None = None
    ) -> Instant:
        raise StoreDown("there is no table")


@pytest.mark.parametrize("kind", ["destroy", "read"])
def test_looking_and_ending_go_ahead_without_the_table(kind: CallKind) -> None:
    clock = ManualClock()
    before = clock.now()
    SharedPace(NoRows(), clock, Policy()).pass_through("vastai", kind)
    assert clock.now() == before


@pytest.mark.parametrize("kind", ["create", "search"])
def test_what_can_wait_does_not_go_out_at_an_unknown_pace(kind: CallKind) -> None:
    with pytest.raises(StoreDown):
        SharedPace(NoRows(), ManualClock(), Policy()).pass_through("vastai", kind)


def test_a_further_page_waits_longer_than_a_first_one() -> None:
    clock, rows = ManualClock(), MemoryStore().rates
    asked = clock.now()
    for _ in range(10):
        rows.reserve("vastai", "read", asked, 1000, 1)
    pace = SharedPace(rows, clock, Policy())
    with pytest.raises(ProviderBusy):
        pace.pass_through("vastai", "read")
    pace.pass_through("vastai", "read", going_on=True)
    assert clock.now() - asked == 10_000


def test_without_the_table_a_process_keeps_the_pace_by_itself() -> None:
    clock = ManualClock()
    pace, before = SharedPace(NoRows(), clock, Policy()), clock.now()
    for _ in range(4):
        pace.pass_through("vastai", "destroy")
    assert clock.now() - before == 3_000
    for _ in range(10):
        pace.pass_through("vastai", "read", going_on=True)
    assert clock.now() - before == 12_000


def test_all_calls_of_tensordock_but_ends_share_one_lane() -> None:
    """Its limit is for the organisation, whatever is asked."""
    clock, rows = ManualClock(), MemoryStore().rates
    pace = SharedPace(rows, clock, Policy())
    kinds: list[CallKind] = ["read", "search", "create"] * 5
    for kind in kinds:
        pace.pass_through("tensordock", kind, going_on=True)
    began = clock.now()
    assert began - ManualClock().now() == 10_000  # five at once, then one a second
    pace.pass_through("tensordock", "destroy")
    assert clock.now() == began
