"""The shared pace when the rows that hold it cannot be reached."""

import pytest

from chalicelib.domain.errors import StoreDown
from chalicelib.domain.instant import Instant
from chalicelib.domain.policy import Policy
from chalicelib.ports import CallKind
from chalicelib.providers.pace import SharedPace
from tests.fakes.clock import ManualClock


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
