"""The numbers that the alarms outside the code live on."""

import pytest

from chalicelib import sweeps
from chalicelib.domain.errors import ListIncomplete, ProviderDown, StoreDown
from chalicelib.domain.session import EndReason
from chalicelib.usecases import lifecycle
from tests.world import World


def test_a_pass_that_saw_the_account_whole_is_counted_by_provider() -> None:
    world = World()
    sweeps.run("reconcile", world.ports)
    sweeps.run("janitor", world.ports)
    done = [(name, dimensions) for name, _, dimensions in world.metrics.counted if name.endswith("Completed")]
    assert done == [("ReconcileCompleted", {"provider": "vastai"}), ("JanitorCompleted", {"provider": "vastai"})]


def test_a_dry_run_that_saw_the_account_whole_counts_too() -> None:
    world = World(environ={"SHOPPER_RECONCILE_DRY_RUN": "1"})
    sweeps.run("reconcile", world.ports)
    assert world.metrics.of("ReconcileCompleted") == [1]


def test_a_pass_that_could_not_see_the_account_counts_nothing_and_the_alarm_rings() -> None:
    world = World()
    world.market.fail("list", ListIncomplete("page 2 missing"), times=None)
    sweeps.run("reconcile", world.ports)
    sweeps.run("janitor", world.ports)
    assert world.metrics.of("ReconcileCompleted") == world.metrics.of("JanitorCompleted") == []


def test_destroys_that_are_stuck_are_counted_even_when_the_provider_cannot_be_seen() -> None:
    world = World()
    session = world.rent(hours=3)
    world.run(120)
    world.market.fail("*", ProviderDown("503"), times=None)
    lifecycle.end(world.ports, world.again(session), EndReason.DONE, "c-ada")
    world.run(25 * 60)
    assert set(world.metrics.of("DestroysStuck")) == {0}
    world.run(10 * 60)
    assert world.metrics.of("DestroysStuck")[-1] == 1
    world.market.heal()
    world.run(15 * 60)
    assert world.metrics.of("DestroysStuck")[-1] == 0


def test_sweeps_that_no_longer_complete_are_counted_whether_a_pass_over_the_markets_is_due_or_not() -> None:
    world = World(local=False)
    world.sweeps = sweeps.SWEEPS
    world.run(30 * 60)
    assert world.metrics.of("SweepsLate")[-1] == 0  # without the janitor, whose function has no table to say so in
    counted = len(world.metrics.of("SweepsLate"))
    world.clock.advance(5 * 60 + 1)
    sweeps.run("expire", world.ports)
    for name in ("reconcile", "reconcile"):
        sweeps.wake(name, world.ports)
    assert world.metrics.of("SweepsLate")[counted:] == [len({"launch", "terminate", "watch", "alert", "inventory"})] * 2


def test_where_nobody_can_say_whether_sweeps_complete_no_number_is_told_and_markets_are_looked_at_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()

    def down() -> None:
        raise StoreDown("throttled")

    monkeypatch.setattr(world.store.health, "sweeps", down)
    sweeps.run("reconcile", world.ports)
    assert world.metrics.of("SweepsLate") == []
    assert world.metrics.of("ReconcileCompleted") == [1]
