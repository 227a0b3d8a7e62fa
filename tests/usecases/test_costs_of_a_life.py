"""What sessions cost on a market with honest books, whatever happens to them."""

import pytest

from chalicelib import sweeps
from chalicelib.domain import ledger, period
from chalicelib.domain.errors import ProviderDown
from chalicelib.domain.instant import SECOND
from chalicelib.domain.money import over_time
from chalicelib.domain.session import EndReason, Session, Status
from chalicelib.usecases import lifecycle
from tests.builders import NOW
from tests.world import World

TICKS = 10 * 60 * SECOND


def total(world: World) -> int:
    """What the ledger holds."""
    return sum(one.cost for one in world.store.ledger.totals("c-ada", "2026-01-01", "2026-12-31"))


def reserved(world: World) -> int:
    consumer = world.store.access.consumer("c-ada")
    assert consumer is not None
    return consumer.reserved


def end(world: World, session: Session) -> Session:
    lifecycle.end(world.ports, world.again(session), EndReason.DONE, "c-ada")
    world.run(120)
    over = world.again(session)
    assert over.final
    return over


def test_a_session_of_55_seconds_costs_55_seconds() -> None:
    world = World(boot_seconds=20)
    session = world.rent()
    world.run(50)
    lifecycle.end(world.ports, world.again(session), EndReason.DONE, "c-ada")
    world.run(600)
    over = world.again(session)
    assert over.absence_proof is not None
    attempt = over.attempts[0]
    assert attempt.called_at is not None
    length = over.absence_proof.looks[0].at - attempt.called_at
    assert 50 * SECOND <= length <= 60 * SECOND
    assert total(world) == over_time(408_000, length)
    assert over.settled_at is not None


def test_ten_minutes_over_the_hour_are_ten_minutes() -> None:
    """From 10:55 to 11:05."""
    world = World()
    world.run((10 * 3600 + 55 * 60 - (NOW // SECOND) % 86_400) % 86_400)
    session = world.rent()
    world.run(600)
    over = end(world, session)
    assert over.absence_proof is not None
    assert abs(total(world) - over_time(408_000, 600 * SECOND)) <= over_time(408_000, 10 * SECOND)


def test_the_ledger_is_the_markets_own_account() -> None:
    world = World(destroy_seconds=3)
    sessions = [world.rent(hours=hours) for hours in (1, 2, 5)]
    world.run(6 * 3600)
    assert all(world.again(session).final for session in sessions)
    assert total(world) == pytest.approx(world.market.cost(), rel=0.005)


def test_a_price_change_counts_from_when_it_was_seen() -> None:
    world = World()
    session = world.rent(hours=3)
    world.run(3600)
    [machine] = world.market.live()
    world.market.reprice(machine.id, 430_000)
    world.run(3600)
    assert world.again(session).price_per_hour == 430_000
    end(world, session)
    assert abs(total(world) - world.market.cost()) <= over_time(22_000, TICKS)
    rates = {
        segment.rate for line in ledger.lines(world.again(session), world.clock.now()) for segment in line.segments
    }
    assert rates == {400_000, 422_000, 8_000}


def test_skipped_doubled_and_late_accruals_change_nothing() -> None:
    worlds = []
    for tick in (None, 1, 7):
        world = World()
        world.sweeps = tuple(name for name in world.sweeps if name != "accrue")
        session = world.rent(hours=2)
        for minute in range(150):
            world.run(60)
            if tick and minute % tick == 0:
                for _ in range(3):
                    sweeps.run("accrue", world.ports)
        assert world.again(session).settled_at is not None
        worlds.append(world)
    assert len({total(world) for world in worlds}) == 1
    assert {reserved(world) for world in worlds} == {0}


def test_what_is_accrued_is_never_taken_back() -> None:
    world = World(destroy_seconds=20)
    session = world.rent(hours=1)
    seen = [0]
    while not world.again(session).final:
        world.run(30)
        sweeps.run("accrue", world.ports)
        seen.append(total(world))
    assert seen == sorted(seen)
    assert seen[-1] > 0


def test_a_machine_that_is_missing_from_lists_and_comes_back_was_billed_all_the_time() -> None:
    world = World()
    session = world.rent(hours=2)
    world.run(700)
    world.market.lie("list", times=2)
    world.run(600)
    missing = ledger.cost(world.again(session), world.clock.now())
    world.run(900)
    assert ledger.cost(world.again(session), world.clock.now()) > missing
    over = end(world, session)
    assert over.status is Status.TERMINATED
    assert total(world) == pytest.approx(world.market.cost(), rel=0.01)


def test_a_machine_that_vanished_is_billed_until_it_was_first_missed() -> None:
    world = World()
    session = world.rent(hours=4)
    world.run(3600)
    [machine] = world.market.live()
    world.market.vanish(machine.id)
    world.run(3600)
    assert world.again(session).final
    assert 0 <= total(world) - world.market.cost() <= over_time(408_000, TICKS)


def test_a_cost_belongs_to_the_day_it_was_spent_on() -> None:
    world = World()
    first, end_of_day = period.bounds(period.day(NOW))
    world.run((end_of_day - NOW) / SECOND - 3600)
    session = world.rent(hours=2)
    world.run(3 * 3600)
    assert world.again(session).settled_at is not None
    days = {
        one.day: (one.cost, one.sessions, one.started)
        for one in world.store.ledger.totals("c-ada", "2026-01-01", "2026-12-31")
    }
    (yesterday, today) = sorted(days)
    assert (yesterday, today) == (period.day(first), period.day(end_of_day))
    assert abs(days[yesterday][0] - days[today][0]) <= over_time(408_000, 60 * SECOND)
    assert (days[yesterday][1:], days[today][1:]) == ((1, 1), (1, 0))


def test_a_machine_that_is_gone_and_cannot_be_proven_so_is_not_billed_for_the_wait() -> None:
    world = World()
    session = world.rent()
    world.run(1200)
    world.market.fail("get", ProviderDown("out of order"), times=None)
    lifecycle.end(world.ports, world.again(session), EndReason.DONE, "c-ada")
    world.run(1800)
    assert world.again(session).status is Status.TERMINATING
    world.market.heal()
    world.run(600)
    assert world.again(session).final
    assert abs(total(world) - world.market.cost()) <= over_time(408_000, TICKS)
