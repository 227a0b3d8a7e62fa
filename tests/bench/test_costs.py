"""The formulas of docs/costs.md."""

import pytest

from bench import costs, prices
from bench.costs import Used
from chalicelib.domain.schedule import WOKEN
from deploy import alarms
from deploy.functions import FUNCTIONS


def test_what_is_free_is_free_until_it_is_used_up() -> None:
    price = prices.Price(0.1, free=10)
    assert price.of(8) == 0
    assert price.of(15) == pytest.approx(0.5)
    assert price.of(15, account_is_empty=False) == pytest.approx(1.5)


def test_each_part_is_billed_by_its_own_price() -> None:
    million = Used(invocations=1e6, reads=1e6, writes=1e6, messages=1e6, requests=1e6)
    expected = 0.20 + 0.125 + 0.625 + 3 * 0.40 + 3.50 + 0.7 * 0.50
    assert million.dollars(account_is_empty=False) == pytest.approx(expected)
    assert Used(gb_seconds=1e6).dollars(account_is_empty=False) == pytest.approx(16.6667)


def test_a_month_has_every_sweep_as_often_as_it_is_woken() -> None:
    month = costs.idle_month({"expire": Used(invocations=1), "janitor": Used(invocations=1, reads=2)})
    assert month.invocations == 30 * 86_400 / WOKEN["expire"] + 30 * 86_400 / WOKEN["janitor"]
    assert month.reads == 2 * 30 * 86_400 / WOKEN["janitor"]
    assert 3 * month.messages == 5 * 3 * 60 * 24 * 30


def test_a_function_with_half_the_memory_takes_twice_the_time_and_costs_the_same_work() -> None:
    """But for what it waits, which a smaller one waits at half the price."""
    small, large = (costs.billed(name, cpu_ms=100, calls=0).gb_seconds for name in ("worker", "reconcile"))
    assert FUNCTIONS["reconcile"].memory == 2 * FUNCTIONS["worker"].memory
    assert small == pytest.approx(large, rel=0.05)
    waits = [costs.billed(name, cpu_ms=0, calls=100).gb_seconds for name in ("worker", "reconcile")]
    assert waits[0] < waits[1]


def test_every_alarm_of_the_template_is_counted_by_the_metrics_it_looks_at() -> None:
    made = alarms.resources("prod")
    counted = costs.standing()
    assert counted["alarm metrics"] >= len(made)
    assert 0 < counted["own metrics"] <= 10
