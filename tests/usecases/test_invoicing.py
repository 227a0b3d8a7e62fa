"""The market's bill against our ledger: the bill wins, once, and a real difference is told."""

import msgspec

from chalicelib.domain import ledger
from chalicelib.domain.alert import Kind
from chalicelib.domain.invoice import Charge, compare
from chalicelib.domain.session import EndReason, Session
from chalicelib.sweeps import run
from chalicelib.usecases import accruing, lifecycle
from tests.builders import an_offer
from tests.world import World


def ended(world: World, count: int = 2) -> list[Session]:
    sessions = [world.rent() for _ in range(count)]
    world.run(1800)
    for session in sessions:
        lifecycle.end(world.ports, world.again(session), EndReason.DONE, "c-ada")
    world.run(120)
    return [world.again(session) for session in sessions]


def billed(world: World, factor: float = 1.0) -> None:
    now = world.clock.now()
    world.market.invoice = tuple(
        Charge(instance_id=machine.id, amount=round(machine.cost_at(now) * factor))
        for machine in world.market.machines.values()
    )


def total(world: World) -> int:
    return sum(one.cost for one in world.store.ledger.totals("c-ada", "2026-01-01", "2026-12-31"))


def test_a_small_difference_is_taken_over_and_nobody_is_told() -> None:
    world = World()
    sessions = ended(world)
    billed(world, 1.002)
    run("invoice", world.ports)
    assert total(world) == sum(charge.amount for charge in world.market.invoice or ())
    assert all(world.again(session).corrections for session in sessions)
    assert not [alert for alert in world.alerts.rows.values() if alert.kind == Kind.INVOICE_DRIFT]


def test_a_bill_that_is_higher_is_told_once_a_day_and_entered_once() -> None:
    world = World()
    [session] = ended(world, 1)
    before = total(world)
    billed(world, 1.23)
    for _ in range(3):
        run("invoice", world.ports)
    [entry] = world.again(session).corrections
    assert before + entry.amount == total(world) == ledger.cost(world.again(session), world.clock.now())
    kinds = {
        one.kind
        for line in world.store.ledger.session_lines("c-ada", "2026-01-01", "2026-12-31")
        for one in line.segments
    }
    assert kinds == {"gpu", "storage", "correction"}
    assert [alert.kind for alert in world.alerts.rows.values()] == [Kind.INVOICE_DRIFT]


def test_a_bill_that_changes_later_is_corrected_again() -> None:
    world = World()
    [session] = ended(world, 1)
    for factor in (0.5, 1.1):
        billed(world, factor)
        run("invoice", world.ports)
    assert len(world.again(session).corrections) == 2
    assert total(world) == sum(charge.amount for charge in world.market.invoice or ())


def test_what_still_runs_or_is_not_billed_yet_is_left_alone() -> None:
    world = World()
    [over] = ended(world, 1)
    running = world.rent()
    world.run(600)
    world.market.invoice = (Charge(instance_id="vastai-2", amount=99_000_000),)
    run("invoice", world.ports)
    assert world.again(over).corrections == world.again(running).corrections == ()


def test_a_machine_that_two_attempts_know_is_billed_once() -> None:
    """A list that lagged showed the first attempt's machine to the second."""
    world = World()
    [session] = ended(world, 1)
    [attempt] = session.attempts
    first = msgspec.structs.replace(attempt, instance_ids=("vastai-9",), readings=())
    second = msgspec.structs.replace(attempt, instance_ids=(*attempt.instance_ids, "vastai-9"))
    before = msgspec.structs.replace(session, attempts=(first, second))
    charges = [Charge(instance_id=attempt.instance_ids[0], amount=5), Charge(instance_id="vastai-9", amount=70)]
    assert compare([before], charges, world.clock.now(), "vastai").billed == 75


def test_each_market_corrects_its_own_part_of_a_session() -> None:
    world = World()
    [session] = ended(world, 1)
    [attempt] = session.attempts
    offer = an_offer(id="tensordock:1", provider="tensordock")
    elsewhere = msgspec.structs.replace(attempt, offer=offer, instance_ids=("t-1",), readings=())
    both = world.store.sessions.save(session, msgspec.structs.replace(session, attempts=(attempt, elsewhere)))
    accruing.rewrite(world.ports, both, both)
    before = {line.provider: line.cost for line in ledger.lines(world.again(session), world.clock.now())}
    billed(world, 1.5)
    run("invoice", world.ports)
    after = {line.provider: line.cost for line in ledger.lines(world.again(session), world.clock.now())}
    assert after["vastai"] == sum(charge.amount for charge in world.market.invoice or ())
    assert after["tensordock"] == before["tensordock"] > 0


def test_a_market_without_an_invoice_is_taken_at_our_word() -> None:
    world = World()
    before = total(world)
    ended(world, 1)
    run("invoice", world.ports)
    assert total(world) > before
    assert not world.alerts.rows


def test_little_credit_stops_new_rentals_and_is_told() -> None:
    world = World(credit=2_000_000)
    world.rent(hours=4)
    world.run(900)
    world.market.credit = 1_000_000
    world.run(400)
    state = world.ports.health.provider("vastai")
    assert state.low_credit is not None
    assert "less than 3 hours" in state.low_credit
    assert [alert.kind for alert in world.notifier.sent] == [Kind.LOW_BALANCE]
    world.market.credit = 50_000_000
    world.run(400)
    assert world.ports.health.provider("vastai").low_credit is None
