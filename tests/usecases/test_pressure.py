"""Too many calls, answers that do not come, writes that collide: what must happen still happens, and soon."""

import pytest

from chalicelib.domain.attempt import Stage
from chalicelib.domain.errors import ListIncomplete, OfferGone, ProviderBusy, ProviderDown, StoreDown
from chalicelib.domain.instance import Listing
from chalicelib.domain.instant import SECOND
from chalicelib.domain.session import EndReason, Event, Requirements, Session, Status
from chalicelib.usecases import lifecycle
from tests.builders import an_offer
from tests.world import World


def test_a_destroy_that_waits_for_its_turn_waits_no_longer() -> None:
    world, session = _running()
    world.market.fail("destroy", ProviderBusy("our own limit", 9.0, unsent=True), times=4)
    lifecycle.end(world.ports, world.again(session), EndReason.DELETED, "c-ada")
    world.run(60)
    ended = world.again(session)
    assert ended.status is Status.TERMINATED
    assert ended.attempt is not None
    assert ended.attempt.destroy_calls == 1


def test_a_market_that_asks_for_much_patience_does_not_put_off_the_next_destroy() -> None:
    world, session = _running()
    world.market.lie("destroy")
    world.market.fail("list", ProviderBusy("slow down", 900.0), times=2)
    lifecycle.end(world.ports, world.again(session), EndReason.DELETED, "c-ada")
    world.run(400)
    assert world.market.live() == []


def test_a_twin_is_destroyed_though_the_first_machine_cannot_be_asked_for() -> None:
    world, session = _running()
    lifecycle.end(world.ports, world.again(session), EndReason.DELETED, "c-ada")
    attempt = world.again(session).attempt
    assert attempt is not None
    world.market.fail("get", ProviderDown("status 500"), times=None, subject=attempt.instance_id)
    world.market.add(session.tag)
    world.run(900)
    assert world.market.live(session.tag) == []


def test_a_machine_that_cannot_be_looked_at_is_given_up_at_its_deadline() -> None:
    world = World(boot_seconds=10_000)
    world.rent(hours=6)
    world.run(30)
    world.market.fail("list", ListIncomplete("a page is missing"), times=None)
    world.market.fail("get", ProviderDown("status 503"), times=None)
    world.run(30 * 60)
    assert world.market.count("destroy") > 0
    assert world.market.live() == []


def test_an_id_is_kept_through_a_table_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.market.lie("create", tag="somebody-elses")
    session = world.rent()
    save, throttled = world.store.sessions.save, [True] * 3

    def throttling(before: Session, after: Session, event: Event | None = None) -> Session:
        if after.attempt is not None and after.attempt.outcome == "created" and throttled:
            throttled.pop()
            raise StoreDown("throttled")
        return save(before, after, event)

    monkeypatch.setattr(world.store.sessions, "save", throttling)
    world.run(60)
    attempt = world.again(session).attempt
    assert attempt is not None
    assert attempt.instance_id is not None
    assert not throttled


def test_a_failover_that_cannot_be_started_is_given_up_at_the_deadline() -> None:
    world = World(offers=[an_offer(), an_offer(id="vastai:1002", provider_offer_id="1002", machine_id="m-2")])
    world.market.fail("create", OfferGone("sold"))
    world.market.fail("quote", ProviderDown("vastai: status 503"), times=None, subject="vastai:1002")
    session = world.rent(hours=6, requirements=Requirements(), max_attempts=2)
    world.run(25 * 60)
    ended = world.again(session)
    assert (ended.status, ended.end_reason) == (Status.FAILED, EndReason.PROVISION_TIMEOUT)


def test_a_waiting_session_says_what_it_waits_for() -> None:
    world = World()
    session = world.rent()
    world.market.fail("quote", ProviderDown("vastai: status 503"), times=None)
    world.run(60)
    assert world.again(session).status_reason == "vastai: status 503"


def test_an_extension_while_somebody_looks_delays_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(environ={"SHOPPER_PUBLIC_URL": "https://shopper.example.com"}, boot_seconds=3)
    session = world.rent()
    list_machines, extended = world.market.list, list[int]()

    def extending() -> Listing:
        row = world.again(session)
        if row.attempt is not None and row.attempt.stage is Stage.BOOTING and not extended and world.clock.now() % 60:
            extended.append(lifecycle.extend(world.ports, row, 1, False, "c-ada").expires_at)
        return list_machines()

    world.clock.advance(1)  # so that no sweep runs at the moment of a look
    monkeypatch.setattr(world.market, "list", extending)
    world.run(15)
    assert extended
    assert world.again(session).status is Status.RUNNING


def test_spare_messages_do_not_go_round_for_as_long_as_a_machine_is_polled(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(boot_seconds=5)
    monkeypatch.setattr(world.ssh, "answers", lambda host, port, near: False)
    session = world.rent()
    world.run(30)
    for _ in range(20):
        world.wakeups.session(session.id, 1.0)
    world.run(10)
    waiting = 0
    while world.wakeups.due_at() is not None:
        world.wakeups.pop()
        waiting += 1
    assert waiting <= 2
    assert world.again(session).next_attempt_at - world.clock.now() <= 2 * SECOND


def _running() -> tuple[World, Session]:
    world = World()
    session = world.rent()
    world.run(120)
    assert world.again(session).status is Status.RUNNING
    return world, session
