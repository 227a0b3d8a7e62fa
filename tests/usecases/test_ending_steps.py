"""The steps of an end, one by one: what is written down after each, and how long the next one waits."""

from contextlib import nullcontext

import msgspec
import pytest

from chalicelib.domain.alert import Kind
from chalicelib.domain.attempt import Attempt, Stage
from chalicelib.domain.errors import LaunchUncertain, ProviderDown
from chalicelib.domain.session import EndReason, Session, Status
from chalicelib.usecases import ending, lifecycle
from tests.usecases.test_reconciling import running
from tests.world import World


def ended(world: World) -> Session:
    session = running(world)
    lifecycle.end(world.ports, session, EndReason.DELETED, session.consumer)
    return session


def attempt_of(world: World, session: Session) -> Attempt:
    attempt = world.again(session).attempt
    assert attempt is not None
    return attempt


def test_a_second_look_that_comes_too_soon_waits_for_the_rest_of_the_pause() -> None:
    world = World()
    session = ended(world)
    world.run(6)
    first = attempt_of(world, session).look
    assert first is not None
    ending.advance(world.ports, world.again(session))
    after = world.again(session)
    assert after.status is Status.TERMINATING
    assert attempt_of(world, session).look == first
    assert after.next_attempt_at == first.at + 5_000
    world.run(10)
    assert world.again(session).status is Status.TERMINATED


def test_a_destroy_is_noted_with_its_time_and_what_the_market_said() -> None:
    world = World()
    world.market.fail("destroy", ProviderDown("out of order"), times=1)
    session = ended(world)
    at = world.clock.now()
    world.run(1)
    attempt = attempt_of(world, session)
    assert (attempt.destroy_calls, attempt.destroy_error) == (1, "out of order")
    assert attempt.destroy_called_at is not None
    assert at <= attempt.destroy_called_at <= world.clock.now()
    world.run(60)
    assert attempt_of(world, session).destroy_error is None


def test_what_still_lives_is_noted_and_forgets_a_clean_look() -> None:
    world = World()
    world.market.lie("destroy", times=None)
    session = ended(world)
    world.run(12)
    attempt = attempt_of(world, session)
    assert attempt.doubt == "a machine is still listed"
    assert attempt.look is None
    assert attempt.destroy_due_at is not None
    assert attempt.destroy_due_at >= world.clock.now()


class Killed(BaseException):
    """The process that was in the create call."""


@pytest.mark.parametrize("killed", [False, True])
def test_a_create_without_a_clear_answer_whose_session_is_ended_says_what_is_waited_for_and_is_told_when_closed(
    monkeypatch: pytest.MonkeyPatch, killed: bool
) -> None:
    world = World()
    if killed:
        monkeypatch.setattr(world.market, "create", _killed)
    else:
        world.market.fail("create", LaunchUncertain("timeout"))
    session = world.rent(hours=3)
    with pytest.raises(Killed) if killed else nullcontext():
        world.run(60)
    lifecycle.end(world.ports, world.again(session), EndReason.DELETED, "c-ada")
    world.run(5 * 60)
    attempt = attempt_of(world, session)
    assert (attempt.outcome, attempt.detail) == ("uncertain", "the create's answer was lost" if killed else "timeout")
    assert told_closed(world) == []
    world.run(40 * 60)
    assert world.again(session).status is Status.TERMINATED
    assert told_closed(world) == [f"uncertain:{session.id}:1"]


def _killed(_: object) -> None:
    raise Killed


def told_closed(world: World) -> list[str]:
    return [one.dedupe_id for one in world.alerts.rows.values() if one.kind is Kind.LAUNCH_UNCERTAIN_CLOSED]


def test_a_machine_that_is_gone_keeps_the_reason_why_it_had_to_go() -> None:
    world = World()
    world.market.fail("create", LaunchUncertain("bid too low"), with_effect=True, names_it=True)
    world.market.lie("destroy", times=1)
    session = world.rent(hours=3)
    world.run(30)
    before = attempt_of(world, session).detail
    assert before is not None
    world.run(600)
    attempt = attempt_of(world, session)
    assert attempt.stage is Stage.CLOSED
    assert (attempt.detail, attempt.doubt) == (before, None)


def test_a_machine_that_could_not_be_read_before_its_destroy_has_not_appeared() -> None:
    world = World(boot_seconds=400)
    session = world.rent()
    world.run(3)
    row = world.again(session)
    attempt = row.attempt
    assert attempt is not None
    unseen = world.store.sessions.save(
        row, msgspec.structs.replace(row, attempts=(msgspec.structs.replace(attempt, appeared=False),))
    )
    world.market.lie("destroy", times=None)
    world.market.fail("get", ProviderDown("out of order"), times=None)
    lifecycle.end(world.ports, unseen, EndReason.DELETED, session.consumer)
    world.run(1)
    after = attempt_of(world, session)
    assert (after.destroy_calls, after.appeared) == (1, False)
    world.run(10)
    assert attempt_of(world, session).appeared  # a list has shown it


def test_a_machine_that_was_read_before_its_destroy_costs_nothing_once_it_is_gone_though_its_twin_lives_on() -> None:
    """No list ever showed it: it was gone before the first."""
    world = World(boot_seconds=400)
    session = world.rent()
    world.run(1)
    [main] = world.market.live()
    row = world.again(session)
    assert attempt_of(world, session).readings == ()
    lifecycle.end(world.ports, row, EndReason.DELETED, session.consumer)
    world.run(2)
    twin = world.market.add(session.tag)
    world.market.lie("destroy", times=None)
    world.run(3600)
    after = attempt_of(world, session)
    assert after.instance_ids == (main.id, twin.id)
    last = [one for one in after.readings if one.instance_id == main.id][-1]
    assert (last.phase, last.at < row.created_at + 60_000) == (None, True)
