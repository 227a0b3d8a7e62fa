"""A destroy that does not get done is told of, ever louder; a limit that moved at the last moment holds."""

import msgspec
import pytest

from chalicelib import sweeps
from chalicelib.domain.alert import Kind
from chalicelib.domain.budget import Budget
from chalicelib.domain.errors import LaunchUncertain, Refusal
from chalicelib.domain.instant import HOUR, SECOND
from chalicelib.domain.session import EndReason, Session, Status
from chalicelib.usecases import budgeting, lifecycle
from tests.builders import NOW, a_session_id
from tests.usecases.test_reconciling import running
from tests.world import World


def made_longer(world: World, session: Session) -> None:
    """Somebody else writes first."""
    longer = msgspec.structs.replace(session, expires_at=session.expires_at + 2 * HOUR)
    world.store.sessions.save(session, longer)


def test_a_machine_that_does_not_go_is_told_of_at_the_third_destroy_at_half_an_hour_and_each_hour() -> None:
    world = World()
    session = running(world)
    world.market.lie("destroy", times=None)
    lifecycle.end(world.ports, session, EndReason.DELETED, session.consumer)
    world.run(2 * 3600 + 400)
    alerts = [alert for alert in world.alerts.rows.values() if alert.kind is Kind.DESTROY_STUCK]
    assert [alert.dedupe_id.removeprefix(f"stuck:{session.id}:1:") for alert in alerts] == ["warn", "page", "1h", "2h"]
    assert {(alert.session, alert.consumer, alert.provider) for alert in alerts} == {
        (session.id, session.consumer, "vastai")
    }
    minutes = [int(alert.detail.split(" in ")[1].split(" min")[0]) for alert in alerts]
    assert minutes[0] < 10
    assert all(30 * level <= minute < 30 * level + 7 for level, minute in zip((1, 2, 4), minutes[1:], strict=True))
    (machine,) = world.market.live()
    assert alerts[0].detail.startswith(f"3 destroys of {machine.id} at vastai in ")
    assert alerts[0].detail.endswith("Last answer: accepted")


def test_whoever_makes_it_longer_in_time_keeps_it_though_somebody_ends_it_on_an_old_row() -> None:
    world = World()
    old = running(world, hours=1)
    made_longer(world, old)
    world.clock.advance(3600)
    kept = lifecycle.end_overdue(world.ports, old)
    assert (kept.status, kept.expires_at) == (Status.RUNNING, old.created_at + 3 * HOUR)


def test_an_end_on_an_old_row_is_carried_over_to_the_new_one() -> None:
    world = World()
    old = running(world, hours=1)
    made_longer(world, old)
    ended = lifecycle.end(world.ports, old, EndReason.DONE, old.consumer)
    assert (ended.status, ended.end_reason) == (Status.TERMINATING, EndReason.DONE)
    assert ended.version > old.version


def test_the_proof_that_closes_an_attempt_is_its_last_look() -> None:
    world = World()
    session = running(world)
    lifecycle.end(world.ports, session, EndReason.DELETED, session.consumer)
    world.run(60)
    attempt = world.again(session).attempt
    assert attempt is not None
    assert attempt.proof is not None
    assert attempt.look == attempt.proof.looks[1]
    first, second = attempt.proof.looks
    assert second.at - first.at >= 5 * SECOND


def test_an_unclear_create_that_made_nothing_is_closed_after_its_window_though_its_session_was_deleted() -> None:
    world = World()
    world.market.fail("create", LaunchUncertain("no answer"))
    session = world.rent()
    world.run(60)
    lifecycle.end(world.ports, world.again(session), EndReason.DELETED, session.consumer)
    world.run(25 * 60)
    assert world.again(session).status is Status.TERMINATING
    world.run(10 * 60)
    over = world.again(session)
    assert over.status is Status.TERMINATED
    assert over.attempt is not None
    assert over.attempt.lists_without >= 3


def test_a_session_that_was_never_launched_ends_at_the_moment_of_its_end() -> None:
    world = World()
    session = world.rent()
    lifecycle.end(world.ports, session, EndReason.DELETED, session.consumer)
    world.run(5)
    over = world.again(session)
    assert (over.status, over.attempts) == (Status.TERMINATED, ())
    assert over.ended_at is not None
    assert session.created_at <= over.ended_at <= world.clock.now()


def test_the_janitor_leaves_a_quarter_of_an_hour_after_an_override_too() -> None:
    world = World()
    world.market.add("shopper-" + a_session_id(7, NOW - 14 * HOUR), age_seconds=14 * 3600)
    world.overrides.lengthen(a_session_id(7, NOW - 14 * HOUR), NOW + HOUR)
    world.clock.advance(75 * 60 - 1)
    sweeps.run("janitor", world.ports)
    assert world.market.count("destroy") == 0
    world.clock.advance(1)
    sweeps.run("janitor", world.ports)
    assert world.market.live() == []


def test_an_override_that_the_budget_cannot_carry_is_refused_before_anything_is_granted() -> None:
    world = World()
    rented = running(world, hours=11)
    session = world.store.sessions.save(rented, msgspec.structs.replace(rented, agent_deadline=None))
    budget = Budget(period="month", limit=6_000_000, on_exceeded="block", since=NOW)
    budgeting.put(world.ports, session.consumer, budget)
    with pytest.raises(Refusal) as refused:
        lifecycle.extend(world.ports, session, 6, True, "operator")
    assert (refused.value.status, refused.value.code) == (402, "budget_exceeded")
    assert world.overrides.kept == {}
