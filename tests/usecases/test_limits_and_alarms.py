"""A destroy that does not get done is told of, ever louder; a limit that moved at the last moment holds."""

import msgspec

from chalicelib.domain.alert import Kind
from chalicelib.domain.instant import HOUR, SECOND
from chalicelib.domain.session import EndReason, Session, Status
from chalicelib.usecases import lifecycle
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
