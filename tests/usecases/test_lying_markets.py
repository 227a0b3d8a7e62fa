"""Lies of a market about one machine, told while it boots or in the seconds after its create."""

from typing import Any

import pytest

from chalicelib.domain.errors import LaunchUncertain, ListIncomplete
from chalicelib.domain.instance import Phase
from chalicelib.domain.session import EndReason, Requirements, Session, Status
from chalicelib.usecases import lifecycle
from tests.builders import an_offer
from tests.fakes.machine import Machine
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


def second_try(**create: Any) -> tuple[World, Session, Machine]:
    """The first machine failed and is proven gone; the create of the second had no clear answer, and `create` says what
    became of it."""
    offers = [an_offer(id=f"vastai:{n}", provider_offer_id=str(n), machine_id=f"m{n}") for n in range(2)]
    world = World(offers=offers)
    session = world.rent(requirements=Requirements(gpu=("RTX 4090",)), max_attempts=2)
    world.run(1)
    [first] = world.market.live()
    world.market.fail("create", LaunchUncertain("no usable answer"), **{"with_effect": True, **create})
    world.market.set_phase(first.id, Phase.FAILED)
    while world.market.count("create") < 2:
        world.run(1)
    assert world.market.live(session.tag) != [first]
    assert world.again(session).attempts[0].proof is not None
    return world, session, first


def test_a_machine_proven_gone_that_a_list_shows_again_is_no_answer_to_a_later_create() -> None:
    world, session, first = second_try(surfaces_after=100)
    world.market.revive(first.id)  # as far as the lists go
    world.run(30)
    world.market.vanish(first.id)
    assert world.again(session).attempts[1].instance_ids == ()
    world.run(400)
    rented = world.again(session)
    assert (rented.status, rented.attempts[1].outcome) == (Status.RUNNING, "running")
    assert [machine.id for machine in world.market.live()] == list(rented.attempts[1].instance_ids)
    assert first.id not in rented.attempts[1].instance_ids


@pytest.mark.parametrize("deleted", [True, False])
def test_a_machine_proven_gone_that_is_back_during_a_later_create_is_destroyed(deleted: bool) -> None:
    world, session, first = second_try(surfaces_after=100)
    world.market.revive(first.id)
    if deleted:
        world.run(10)
        lifecycle.end(world.ports, world.again(session), EndReason.DELETED, "c-ada")
    world.run(80)
    assert world.again(session).attempts[1].instance_ids == ()
    world.run(40 * 60)
    rented = world.again(session)
    assert rented.status is (Status.TERMINATED if deleted else Status.RUNNING)
    assert [machine.id for machine in world.market.live()] == ([] if deleted else [rented.attempts[1].instance_id])


def test_a_create_that_made_nothing_is_not_ended_early_by_an_earlier_machine_in_a_list() -> None:
    world, session, first = second_try(with_effect=False)
    world.market.revive(first.id)
    world.run(5)
    lifecycle.end(world.ports, world.again(session), EndReason.DELETED, "c-ada")
    world.run(5)
    world.market.vanish(first.id)
    world.run(20 * 60)
    assert world.again(session).status is Status.TERMINATING
    world.run(15 * 60)
    assert world.again(session).status is Status.TERMINATED
