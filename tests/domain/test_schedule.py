"""When a sweep is missed."""

from chalicelib.domain.schedule import EVERY, overdue
from tests.builders import NOW


def test_a_sweep_that_never_completed_is_overdue_but_for_the_nightly_one() -> None:
    assert {name for name in EVERY if not overdue(name, None, NOW)} == {"invoice"}


def test_a_sweep_may_miss_a_few_runs_of_its_own_pace() -> None:
    for name, pace in EVERY.items():
        last = NOW - round(5 * pace * 1000)
        assert not overdue(name, last, NOW)
        assert overdue(name, last - 1, NOW)


def test_a_slower_pace_that_was_set_counts() -> None:
    last = NOW - 600_000
    assert overdue("launch", last, NOW, tick_seconds=60)
    assert not overdue("launch", last, NOW, tick_seconds=300)
    assert overdue("launch", last, NOW, tick_seconds=0.5)
