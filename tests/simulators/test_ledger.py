"""The books of a fake market are honest to the second."""

import pytest

from simulators.ledger import Ledger


def test_a_rate_bills_by_the_second_until_it_ends() -> None:
    ledger = Ledger(paid_in=10.0)
    ledger.set_rates("m", {"gpu": 0.36, "disk": 0.036}, now=100.0)
    ledger.set_rates("m", {"disk": 0.036}, now=200.0)
    ledger.set_rates("m", {}, now=400.0)
    assert ledger.cost("m", now=9_999.0) == pytest.approx(0.36 * 100 / 3600 + 0.036 * 300 / 3600)
    assert ledger.meters["m"].seconds(9_999.0) == {"gpu": 100.0, "disk": 300.0}


def test_a_rate_that_does_not_change_stays_one_charge() -> None:
    ledger = Ledger(paid_in=10.0)
    for now in (0.0, 50.0, 70.0):
        ledger.set_rates("m", {"gpu": 0.5}, now)
    assert len(ledger.meters["m"].charges) == 1


def test_a_price_change_starts_a_new_charge() -> None:
    ledger = Ledger(paid_in=10.0)
    ledger.set_rates("m", {"gpu": 1.0}, now=0.0)
    ledger.set_rates("m", {"gpu": 2.0}, now=3600.0)
    assert ledger.cost("m", now=7200.0) == pytest.approx(3.0)
    assert [charge.rate for charge in ledger.meters["m"].charges] == [1.0, 2.0]


def test_the_credit_is_what_was_paid_in_less_every_charge() -> None:
    ledger = Ledger(paid_in=10.0)
    ledger.set_rates("a", {"gpu": 1.0}, now=0.0)
    ledger.set_rates("b", {"gpu": 3.0}, now=1800.0)
    ledger.sell("b", "bwd", rate=0.01, units=50.0, now=1800.0)
    assert ledger.spent(3600.0) == pytest.approx(ledger.cost("a", 3600.0) + ledger.cost("b", 3600.0))
    assert ledger.credit(3600.0) == pytest.approx(10 - 1 - 1.5 - 0.5)


def test_the_moment_of_exhaustion_follows_from_the_burn() -> None:
    ledger = Ledger(paid_in=2.0)
    assert ledger.exhausted_at(0.0) is None
    ledger.set_rates("a", {"gpu": 4.0}, now=0.0)
    assert ledger.exhausted_at(900.0) == pytest.approx(1800.0)
