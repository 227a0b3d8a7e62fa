"""Where the ports are that a consumer asked for: taken from the market once the session runs, or later."""

import msgspec

from chalicelib.domain.instance import OpenPort
from chalicelib.domain.session import EndReason, Session, Status
from chalicelib.usecases import lifecycle
from tests.builders import an_offer
from tests.fakes.machine import Machine
from tests.world import World


def rented(world: World, *ports: int) -> tuple[Session, Machine]:
    session = world.rent(ports=ports)
    world.run(5)
    [machine] = world.market.live(session.tag)
    return session, machine


def test_a_session_knows_where_its_ports_are_from_the_moment_it_runs_and_not_before() -> None:
    world = World()
    session, machine = rented(world, 8888)
    assert world.again(session).ports is None
    world.run(115)
    running = world.again(session)
    assert running.status is Status.RUNNING
    assert running.ports == tuple(one for one in machine.ports if one.port == 8888)


def test_ports_that_the_market_tells_of_late_are_known_with_its_next_list() -> None:
    world = World()
    session, machine = rented(world, 80, 8888)
    late, machine.ports = machine.ports, ()
    world.run(115)
    assert (world.again(session).status, world.again(session).ports) == (Status.RUNNING, None)
    machine.ports = late
    world.run(300)
    assert world.again(session).ports == tuple(one for one in late if one.port != 22)
    before = world.again(session)
    machine.ports = ()
    world.run(600)
    assert world.again(session).ports == before.ports


def test_a_session_that_ends_learns_of_no_more_ports() -> None:
    world = World(destroy_seconds=900)
    session, machine = rented(world, 8888)
    late, machine.ports = machine.ports, ()
    world.run(115)
    machine.ports = late
    lifecycle.end(world.ports, world.again(session), EndReason.DELETED, "c-ada")
    world.run(600)
    assert (world.again(session).status, world.again(session).ports) == (Status.TERMINATING, None)


def test_at_an_address_of_its_own_every_port_is_where_it_always_is() -> None:
    world = World(offers=[an_offer(network="dedicated")])
    session, machine = rented(world, 8888)
    machine.address = msgspec.structs.replace(machine.address, port=22, guessed=True)
    machine.ports = ()
    world.run(115)
    assert world.again(session).ports == (OpenPort(port=8888, host=machine.address.host, external_port=8888),)
