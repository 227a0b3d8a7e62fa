"""A machine that must go and does not is told of, whoever it belongs to and whether anybody asks for it or not."""

import logging

import msgspec
import pytest

from chalicelib import sweeps
from chalicelib.domain.admission import creates_blocked
from chalicelib.domain.alert import Alert, Kind
from chalicelib.domain.errors import ProviderDown
from chalicelib.domain.session import EndReason, Session, Status
from chalicelib.usecases import lifecycle
from tests.usecases.test_reconciling import a_tag_of_ours, running
from tests.world import World


def told(world: World, kind: Kind = Kind.DESTROY_STUCK) -> list[Alert]:
    return [alert for alert in world.alerts.rows.values() if alert.kind is kind]


def test_an_orphan_that_does_not_go_is_told_of_ever_louder_and_that_market_gets_no_new_machine() -> None:
    world = World()
    world.market.add(a_tag_of_ours(3600), age_seconds=3600)
    world.market.lie("destroy", times=None)
    world.run(2 * 3600 + 400)
    (machine,) = world.market.live()
    levels = [alert.dedupe_id.removeprefix(f"stuck:orphan:{machine.id}:") for alert in told(world)]
    assert levels == ["warn", "page", "1h", "2h"]
    assert {alert.consumer for alert in told(world)} == {None}
    assert told(world)[1].detail.startswith(f"6 destroys of {machine.id} at vastai, which no session has, in 30 min, ")
    assert "burnt since it should have ended" in told(world)[1].detail
    assert world.metrics.of("DestroysStuck")[-1] == 1
    state = world.store.health.provider("vastai")
    assert creates_blocked(state, world.clock.now(), world.ports.settings.policy) is not None


def test_an_orphan_that_goes_is_told_of_once_and_blocks_nothing() -> None:
    world = World()
    world.market.add(a_tag_of_ours(3600), age_seconds=3600)
    world.run(3 * 3600)
    assert (len(told(world)), len(told(world, Kind.ORPHAN_DESTROYED))) == (0, 1)
    assert world.store.health.provider("vastai").destroy_stuck_since is None
    assert world.metrics.of("DestroysStuck")[-1] == 0


def dead_but_for_reconcile(world: World) -> None:
    """Neither messages nor the sweeps that end machines."""
    world.sweeps = ("reconcile",)
    world.deaf = True


def test_a_machine_that_nobody_asks_to_go_is_told_of() -> None:
    world = World()
    session = running(world)
    dead_but_for_reconcile(world)
    lifecycle.end(world.ports, session, EndReason.DELETED, session.consumer)
    world.run(3600 + 400)
    assert world.market.count("destroy") == 0
    assert [one.dedupe_id.removeprefix(f"stuck:{session.id}:1:") for one in told(world)] == ["page", "1h"]
    (machine,) = world.market.live()
    assert told(world)[0].detail.startswith(f"no destroy of {machine.id} at vastai in 3")
    assert told(world)[0].detail.endswith("Nothing was asked yet (terminating): do the sweeps run?")
    assert world.metrics.of("DestroysStuck")[-1] == 1


def test_a_session_that_nothing_ends_when_it_is_over_is_told_of() -> None:
    world = World()
    session = running(world, hours=1)
    dead_but_for_reconcile(world)
    world.run(3600 + 2000)
    assert world.again(session).status is Status.RUNNING
    assert [alert.dedupe_id for alert in told(world)] == [f"stuck:{session.id}:overdue:page"]
    assert world.metrics.of("DestroysStuck")[-1] == 1


def test_nobody_is_told_of_a_session_that_is_not_over_or_is_ended_in_time() -> None:
    world = World()
    for hours in (1, 4):
        running(world, hours=hours)
    world.run(3 * 3600)
    assert told(world) == []
    assert set(world.metrics.of("DestroysStuck")) == {0}


def test_it_is_told_of_also_while_the_market_cannot_be_seen() -> None:
    world = World()
    session = running(world, hours=1)
    dead_but_for_reconcile(world)
    world.market.fail("list", ProviderDown("no answer"), times=None)
    world.run(3600 + 2000)
    assert [alert.dedupe_id for alert in told(world)] == [f"stuck:{session.id}:overdue:page"]


def test_a_machine_under_another_name_is_told_of_once_and_lives_on() -> None:
    world = World()
    session = running(world)
    (machine,) = world.market.live()
    machine.tag = "mine"
    world.run(1200)
    (alert,) = told(world, Kind.MACHINE_RENAMED)
    assert (alert.dedupe_id, alert.consumer) == (f"renamed:{session.id}:{machine.id}", None)
    assert "is now named 'mine'" in alert.detail
    assert f"named {session.tag} again" in alert.detail
    assert world.again(session).status is Status.RUNNING
    lifecycle.end(world.ports, world.again(session), EndReason.DONE, session.consumer)
    world.run(120)
    assert world.market.live() == []


def test_the_machine_of_a_row_that_cannot_be_read_is_no_orphan_and_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    session = running(world)

    def unreadable(session_id: str) -> Session:
        raise msgspec.ValidationError("Invalid enum value 'newer'")

    monkeypatch.setattr(world.store.sessions, "live", lambda *rest, **more: iter(()))
    monkeypatch.setattr(world.store.sessions, "get", unreadable)
    dead_but_for_reconcile(world)
    world.run(3600)
    assert len(world.market.live()) == 1
    (alert,) = told(world, Kind.SESSION_UNREADABLE)
    assert alert.dedupe_id == f"unreadable:{session.id}"


def test_a_dry_run_says_what_it_would_do(caplog: pytest.LogCaptureFixture) -> None:
    world = World(environ={"SHOPPER_RECONCILE_DRY_RUN": "1"})
    session = running(world)
    (machine,) = world.market.live()
    world.market.reprice(machine.id, 900_000)
    tag = a_tag_of_ours(3600)
    world.market.add(tag, age_seconds=3600)
    with caplog.at_level(logging.WARNING):
        world.run(700)
    orphan = next(one for one in world.market.live() if one.tag == tag)
    said = {record.getMessage() for record in caplog.records}
    begins = "reconcile vastai, dry run, would"
    assert f"{begins} destroy machine {orphan.id}, orphan of {tag.removeprefix('shopper-')}" in said
    assert f"{begins} end {session.id}: the price rose to $0.9000/h, agreed was $0.4488/h" in said
    assert len(world.market.live()) == 2
    sweeps.run("reconcile", world.ports)
    assert world.again(session).status is Status.RUNNING
