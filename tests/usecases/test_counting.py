"""The numbers that the alarms outside the code live on."""

from chalicelib import sweeps
from chalicelib.domain.errors import ListIncomplete, ProviderDown
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
