"""Lies of a market about one machine, told while it boots or in the seconds after its create."""

from chalicelib.domain.errors import ListIncomplete
from chalicelib.domain.session import EndReason, Status
from chalicelib.usecases import lifecycle
from tests.world import World


def test_a_machine_deleted_before_any_read_showed_it_is_waited_for_and_killed() -> None:
    world = World()
    world.market.lie("create", surfaces_after=100)
    world.market.lie("destroy", times=1)
    session = world.rent()
    world.run(3)
    lifecycle.end(world.ports, world.again(session), EndReason.DELETED, "c-ada")
    world.run(60)
    assert world.again(session).status is Status.TERMINATING
    world.run(300)
    assert world.again(session).status is Status.TERMINATED
    assert world.market.live() == []


def test_a_machine_deleted_while_it_boots_is_proven_gone_without_that_wait() -> None:
    world = World()
    session = world.rent()
    world.run(1)
    lifecycle.end(world.ports, world.again(session), EndReason.DELETED, "c-ada")
    world.run(20)
    assert world.again(session).status is Status.TERMINATED


def test_a_get_that_finds_nothing_beside_an_unreadable_list_gives_nobody_up() -> None:
    world = World(boot_seconds=400)
    session = world.rent()
    world.run(10)
    world.market.fail("list", ListIncomplete("page 2 is missing"), times=None)
    world.market.lie("get", times=None)
    world.run(300)
    assert world.again(session).status is Status.PROVISIONING
    world.market.heal()
    world.run(200)
    assert world.again(session).status is Status.RUNNING


def test_a_booting_machine_under_a_wrong_label_is_found_in_the_list_by_its_id() -> None:
    world = World(boot_seconds=300)
    world.market.lie("create", tag="somebody's")
    session = world.rent()
    world.run(150)
    world.market.lie("get", times=1)
    world.run(300)
    assert world.again(session).status is Status.RUNNING
    assert world.market.count("destroy") == 0


def test_a_twin_that_does_not_go_is_asked_for_at_the_pace_of_every_destroy() -> None:
    world = World(boot_seconds=600)
    world.market.lie("create", machines=2)
    world.market.lie("destroy", times=None)
    world.rent()
    world.run(580)
    assert 3 <= world.market.count("destroy") <= 7
