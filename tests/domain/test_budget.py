"""What a budget refuses, tells and foresees; and the names of days and months."""

from typing import Any

import pytest

from chalicelib.domain import budget, period
from chalicelib.domain.budget import Budget
from chalicelib.domain.instant import DAY, HOUR
from tests.builders import NOW


def a_budget(**changes: Any) -> Budget:
    return Budget(**{"period": "day", "limit": 100, "on_exceeded": "block", "since": NOW, **changes})


@pytest.mark.parametrize("how", ["block", "terminate"])
def test_what_fits_exactly_is_let_in_and_a_micro_dollar_more_is_not(how: str) -> None:
    assert budget.exceeded(a_budget(on_exceeded=how), 40, 60) is None
    refusal = budget.exceeded(a_budget(on_exceeded=how), 40, 61)
    assert refusal is not None
    assert refusal.status == 402
    full = budget.exceeded(a_budget(on_exceeded=how), 100, 1)
    assert full is not None
    assert full.extra["available"] == 0.0


def test_no_budget_and_one_that_only_tells_refuse_nothing() -> None:
    assert budget.exceeded(None, 10**12, 10**12) is None
    assert budget.exceeded(a_budget(on_exceeded="alert"), 10**12, 1) is None


def test_thresholds_are_crossed_when_they_are_reached() -> None:
    assert budget.crossed(a_budget(), 49) == ()
    assert budget.crossed(a_budget(), 50) == (0.5,)
    assert budget.crossed(a_budget(thresholds=(1.0, 0.2)), 100) == (0.2, 1.0)


def test_a_budget_of_nothing_is_reached_by_the_first_micro_dollar_and_not_before() -> None:
    assert budget.crossed(a_budget(limit=0), 0) == ()
    assert budget.crossed(a_budget(limit=0), 1) == (0.5, 0.8, 1.0)


def test_a_threshold_is_reached_to_the_micro_dollar() -> None:
    for share in (0.07, 0.29, 0.55, 0.57, 0.58):  # hundredths that a double is above or below
        exact = round(share * 100) * 10_000
        assert budget.crossed(a_budget(limit=1_000_000, thresholds=(share,)), exact) == (share,)
        assert budget.crossed(a_budget(limit=1_000_000, thresholds=(share,)), exact - 1) == ()


def test_only_a_terminating_budget_ends_what_runs() -> None:
    assert not budget.used_up(a_budget(), 100)
    assert not budget.used_up(a_budget(on_exceeded="terminate"), 99)
    assert budget.used_up(a_budget(on_exceeded="terminate"), 100)


def test_a_hold_is_the_ceiling_for_the_whole_length_and_a_destroy() -> None:
    assert budget.worst_case(1_000_000, 2 * HOUR, HOUR // 4) == 2_250_000
    assert [budget.left(10, spent) for spent in (0, 4, 10, 11, -1)] == [10, 6, 0, 0, 10]


def test_a_forecast_goes_on_as_now_to_the_end_of_the_period() -> None:
    _, end = period.bounds("2026-09-21")
    assert budget.forecast(5, 100, "2026-09-21", end - 2 * HOUR) == 205
    assert budget.forecast(5, 100, "2026-09-21", end + HOUR) == 5


def test_periods_have_their_names_and_bounds_in_utc() -> None:
    assert (period.containing("day", NOW), period.containing("month", NOW)) == ("2026-09-21", "2026-09")
    assert period.bounds("1970-01") == (0, 31 * DAY)
    assert period.bounds("2028-02")[1] - period.bounds("2028-02")[0] == 29 * DAY
    assert (period.before("2026-01"), period.before("2028-03-01")) == ("2025-12", "2028-02-29")
    assert list(period.days("2026-02-27", "2026-03-01")) == ["2026-02-27", "2026-02-28", "2026-03-01"]
    assert period.months("2026-11-30", "2027-01-01") == ["2026-11", "2026-12", "2027-01"]
