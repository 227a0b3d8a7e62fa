"""What reconcile tells operators, and whom it asks last before it destroys."""

import msgspec

from chalicelib.domain.alert import Alert, Kind
from chalicelib.domain.attempt import Stage
from chalicelib.domain.diff import Orphan, Sighting
from chalicelib.domain.errors import ProviderAuth, ProviderDown
from chalicelib.domain.instance import Absent
from chalicelib.domain.instant import HOUR
from chalicelib.domain.session import EndReason, Status
from chalicelib.usecases import lifecycle, reconciling
from tests.builders import NOW, a_session_id
from tests.usecases.test_reconciling import a_tag_of_ours, running
from tests.world import World

SEEN = Sighting(lists=2, since=NOW)


def told(world: World, kind: Kind) -> list[Alert]:
    return [alert for alert in world.alerts.rows.values() if alert.kind is kind]


def test_an_orphan_is_told_of_once_with_its_machine_its_market_and_its_tag() -> None:
    world = World()
    tag = a_tag_of_ours(3600)
    world.market.add(tag, age_seconds=3600)
    (machine,) = world.market.live()
    world.run(400)
    (alert,) = told(world, Kind.ORPHAN_DESTROYED)
    session_id = tag.removeprefix("shopper-")
    assert alert.dedupe_id == f"orphan:{machine.id}"
    assert alert.provider == "vastai"
    assert NOW < alert.at <= world.clock.now()
    assert alert.detail == (
        f"machine {machine.id} at vastai carries the tag of {session_id}, which no live session has: destroy accepted"
    )


def test_an_orphan_whose_destroy_fails_is_told_of_with_the_reason() -> None:
    world = World()
    world.market.add(a_tag_of_ours(3600), age_seconds=3600)
    world.market.fail("destroy", ProviderDown("out of order"), times=None)
    world.run(400)
    (alert,) = told(world, Kind.ORPHAN_DESTROYED)
    assert alert.detail.endswith(": out of order")


def test_the_row_has_the_last_word_on_an_orphan() -> None:
    world = World()
    session = running(world)
    found = world.market.get(session.attempts[0].instance_ids[0])
    assert not isinstance(found, Absent)
    reconciling._end_orphan(world.ports, "vastai", Orphan(instance=found, session_id=session.id), SEEN)
    assert world.market.count("destroy") == 0
    twin = msgspec.structs.replace(found, id="another")
    reconciling._end_orphan(world.ports, "vastai", Orphan(instance=twin, session_id=session.id), SEEN)
    assert world.market.count("destroy") == 1


def test_a_lost_session_is_told_of_and_its_event_says_who_found_it() -> None:
    world = World()
    session = running(world)
    world.market.vanish(session.attempts[0].instance_ids[0])
    world.run(1800)
    lost = world.again(session)
    assert (lost.status, lost.end_reason) == (Status.TERMINATED, EndReason.LOST)
    (event,) = [one for one in world.store.sessions.events(session.id) if one.after is Status.TERMINATING]
    assert (event.actor, event.reason, event.detail) == ("reconcile", "lost", "the machine is gone from its provider")
    (alert,) = told(world, Kind.SESSION_LOST)
    assert (alert.dedupe_id, alert.session, alert.consumer) == (f"lost:{session.id}", session.id, session.consumer)
    assert alert.detail == f"{session.id}: the machine is gone from its provider"


def test_a_refused_key_is_told_of_once_a_day() -> None:
    world = World()
    world.market.fail("list", ProviderAuth("bad key"), times=None)
    world.run(1200)
    (alert,) = told(world, Kind.PROVIDER_AUTH)
    assert alert.dedupe_id == f"auth:vastai:{NOW // (24 * HOUR)}"
    assert alert.provider == "vastai"
    assert alert.detail == "vastai refuses our credentials: creates are refused, machines there cannot be ended by us"


def test_a_frozen_rule_is_told_of_by_the_hour() -> None:
    world = World()
    for number in range(4):
        world.market.add("shopper-" + a_session_id(number, NOW - HOUR), age_seconds=3600)
    world.run(400)
    (alert,) = told(world, Kind.BRAKE_FROZEN)
    assert alert.dedupe_id.startswith("brake:vastai:orphans:")
    assert alert.detail == "vastai: 4 orphans, 0 missing: orphans frozen until looked at"
    assert len(world.market.live()) == 4


def test_a_machine_whose_destroy_does_nothing_belongs_to_its_session_and_is_no_orphan() -> None:
    world = World()
    session = running(world)
    world.market.lie("destroy", times=None)
    lifecycle.end(world.ports, session, EndReason.DELETED, session.consumer)
    world.run(1500)
    attempt = world.again(session).attempt
    assert attempt is not None
    assert attempt.stage is Stage.ENDING
    assert len(world.market.live()) == 1
    assert told(world, Kind.ORPHAN_DESTROYED) == []
