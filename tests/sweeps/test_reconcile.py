"""When reconcile makes a pass: five minutes after a good one, a minute after one that failed, at once when asked."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from chalicelib import sweeps
from chalicelib.domain.diff import Memory
from chalicelib.domain.errors import ProviderDown, StoreDown
from chalicelib.ports import Ports
from tests.world import World


def _lists(world: World, minutes: int) -> list[int]:
    """The minutes in which the account was listed by reconcile, woken each minute."""
    listed = []
    for minute in range(minutes):
        before = world.market.count("list")
        sweeps.wake("reconcile", world.ports)
        if world.market.count("list") > before:
            listed.append(minute)
        world.clock.advance(60)
    return listed


def test_woken_each_minute_it_makes_a_pass_every_five() -> None:
    assert _lists(World(), 12) == [0, 5, 10]


def test_a_pass_that_could_not_see_the_account_is_made_up_for_a_minute_later() -> None:
    world = World()
    sweeps.wake("reconcile", world.ports)
    world.clock.advance(300)
    world.market.fail("list", ProviderDown("no answer"))
    assert _lists(world, 8) == [0, 1, 6]


def test_a_wake_up_that_came_late_or_never_moves_the_next_pass_and_loses_none() -> None:
    world = World()
    sweeps.wake("reconcile", world.ports)
    world.clock.advance(400)
    assert _lists(world, 7) == [0, 5]


@pytest.mark.parametrize("work", [sweeps.run, sweeps.wake])
def test_a_pass_that_dies_is_not_told_as_a_finished_one(
    work: Callable[[str, Ports], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    with monkeypatch.context() as moment:
        moment.setattr(world.store.health, "memory", lambda name: 1 / 0)
        work("reconcile", world.ports)
    assert "reconcile" not in world.store.health.sweeps()
    work("reconcile", world.ports)
    assert world.store.health.sweeps()["reconcile"] == world.clock.now()


def test_a_person_who_asks_for_a_pass_gets_one_at_once() -> None:
    world = World()
    sweeps.run("reconcile", world.ports)
    sweeps.run("reconcile", world.ports)
    assert world.market.count("list") == 2


def test_locally_every_tick_is_a_pass() -> None:
    assert _lists(World(local=True), 3) == [0, 1, 2]


def test_a_wake_up_with_nothing_due_is_not_told_as_a_finished_pass() -> None:
    world = World()
    sweeps.wake("reconcile", world.ports)
    finished = world.store.health.sweeps()["reconcile"]
    world.clock.advance(60)
    sweeps.wake("reconcile", world.ports)
    assert world.store.health.sweeps()["reconcile"] == finished


def test_what_cannot_be_read_of_one_market_keeps_no_other_from_its_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    health = world.ports.health
    other = replace(world.ports, providers={"tensordock": world.market, "vastai": world.market}, health=health)
    memory = health.memory

    def unreadable(name: str) -> Memory:
        if name == "tensordock":
            raise StoreDown("throttled")
        return memory(name)

    monkeypatch.setattr(health, "memory", unreadable)
    for look in (sweeps.wake, sweeps.run):
        before = world.market.count("list")
        look("reconcile", other)
        assert world.market.count("list") == before + 1
