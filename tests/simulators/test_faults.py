"""Fault switches strike exactly as often, and only at whom, they were told to."""

import random

import pytest

from simulators.faults import Fault, Faults, UnknownFault

DICE = random.Random(1)


def test_a_counted_fault_is_spent_after_its_strikes() -> None:
    faults = Faults()
    faults.set(Fault("get.absent", count=2), now=0.0)
    assert [faults.strike("get.absent", DICE, 0.0, {}) is not None for _ in range(4)] == [True, True, False, False]


def test_a_fault_matches_on_every_pattern_given() -> None:
    faults = Faults()
    faults.set(Fault("destroy.ignored", match={"label": "shopper-*", "op": "destroy"}), now=0.0)
    assert faults.strike("destroy.ignored", DICE, 0.0, {"label": "shopper-1", "op": "destroy"}) is not None
    assert faults.strike("destroy.ignored", DICE, 0.0, {"label": "foreign", "op": "destroy"}) is None
    assert faults.strike("destroy.ignored", DICE, 0.0, {}) is None


def test_a_timed_fault_ends_by_itself() -> None:
    faults = Faults()
    faults.set(Fault("any.outage", for_seconds=60), now=1_000.0)
    assert faults.strike("any.outage", DICE, 1_059.0, {}) is not None
    assert faults.strike("any.outage", DICE, 1_060.0, {}) is None


def test_a_likely_fault_strikes_about_that_often() -> None:
    faults = Faults()
    faults.set(Fault("list.error", probability=0.25), now=0.0)
    struck = sum(faults.strike("list.error", random.Random(seed), 0.0, {}) is not None for seed in range(400))
    assert 60 < struck < 140


def test_parameters_are_completed_by_their_defaults() -> None:
    faults = Faults()
    faults.set(Fault("create.error", params={"effect": True}), now=0.0)
    struck = faults.strike("create.error", DICE, 0.0, {})
    assert struck == {"status": 500, "body": "Internal Server Error", "effect": True}


@pytest.mark.parametrize("fault", [Fault("create.misspelt"), Fault("create.late", params={"minutes": 3})])
def test_a_fault_that_nobody_implements_is_refused(fault: Fault) -> None:
    with pytest.raises(UnknownFault):
        Faults().set(fault, now=0.0)


def test_clearing_by_name_leaves_the_others() -> None:
    faults = Faults()
    faults.set(Fault("list.empty"), now=0.0)
    faults.set(Fault("list.error"), now=0.0)
    faults.clear("list.empty")
    assert [fault.name for fault in faults.active] == ["list.error"]
    faults.clear()
    assert faults.active == []
