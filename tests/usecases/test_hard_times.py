"""Markets that are busy for long or no longer configured, machines of another market, and rows nobody can read."""

from threading import RLock
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from chalicelib import sweeps
from chalicelib.domain.access import Caller, Consumer, KeyRecord
from chalicelib.domain.alert import Kind
from chalicelib.domain.errors import OfferGone, ProviderBusy, ProviderDown, Refusal, StoreDown
from chalicelib.domain.offer import FORWARDED
from chalicelib.domain.session import EndReason, Status
from chalicelib.domain.turn import Turn
from chalicelib.ports import Snapshot
from chalicelib.sweeps import accrue, watch
from chalicelib.usecases import keyring, observing
from chalicelib.usecases.browsing import offers
from tests.builders import NOW, a_consumer, a_session_id, an_offer
from tests.fakes.provider import FakeProvider
from tests.fakes.store import MemoryInventory
from tests.usecases.test_reconciling import running
from tests.world import World


def told(world: World, kind: Kind) -> list[str]:
    return [alert.dedupe_id for alert in world.alerts.rows.values() if alert.kind is kind]


def test_a_market_that_is_busy_beyond_the_boot_deadline_keeps_no_dead_machine() -> None:
    world = World(boot_seconds=None)
    session = world.rent(hours=6)
    world.run(120)
    for method in ("list", "get"):
        world.market.fail(method, ProviderBusy("429", 10.0), times=None)
    world.run(25 * 60)
    assert world.market.live() == []
    assert world.again(session).attempts[0].outcome == "timed_out"


def test_the_janitor_asks_a_busy_market_again_in_the_same_pass() -> None:
    world = World()
    for number in (1, 2):
        world.market.add("shopper-" + a_session_id(number, NOW - 50_000_000), age_seconds=50_000)
    world.market.fail("list", ProviderBusy("429", 10.0), times=2)
    world.market.fail("destroy", ProviderBusy("429", 3.0), times=1)
    sweeps.run("janitor", world.ports)
    assert (world.market.count("list"), world.market.count("destroy")) == (3, 2)
    assert world.clock.now() - NOW == 20_000
    world.market.fail("destroy", ProviderBusy("429", 3.0), times=1)
    sweeps.run("janitor", world.ports)
    assert world.market.live() == []
    assert world.clock.now() - NOW == 23_000


def test_a_market_that_stays_busy_keeps_the_janitor_from_no_other() -> None:
    world = World()
    other = FakeProvider("tensordock", world.clock, [an_offer()])
    for market in (world.market, other):
        for number in range(20):
            market.add("shopper-" + a_session_id(number, NOW - 50_000_000), age_seconds=50_000)
    other.fail("destroy", ProviderBusy("429", 900.0), times=None)
    sweeps.run("janitor", replace(world.ports, providers={"tensordock": other, "vastai": world.market}))
    assert (world.market.live(), len(other.live())) == ([], 20)
    assert other.count("destroy") == 60
    assert world.clock.now() - NOW == 30_000


def test_sessions_of_a_market_that_was_taken_out_of_the_settings_get_louder_and_stay() -> None:
    world = World()
    session = running(world, hours=1)
    other = FakeProvider("tensordock", world.clock)
    world.ports = replace(world.ports, providers={"tensordock": other})
    world.run(3 * 3600)
    assert world.again(session).status is Status.TERMINATING
    (alert,) = [one for one in world.alerts.rows.values() if one.dedupe_id.startswith("auth:vastai:")]
    assert (alert.kind, alert.provider) == (Kind.PROVIDER_AUTH, "vastai")
    assert alert.detail.startswith("sessions live at vastai, which is not configured any more")
    assert f"stuck:{session.id}:1:page" in told(world, Kind.DESTROY_STUCK)


def test_a_machine_that_turns_up_at_the_market_of_an_earlier_attempt_is_an_orphan() -> None:
    world = World(offers=[an_offer()])
    session = running(world, hours=6)
    attempt = session.attempts[0]
    elsewhere = msgspec.structs.replace(attempt, offer=an_offer(id="tensordock:x", provider="tensordock"))
    closed = msgspec.structs.replace(attempt, instance_ids=("7",))
    world.store.sessions.save(session, msgspec.structs.replace(session, attempts=(closed, elsewhere)))
    world.sweeps = ("reconcile",)
    world.run(1300)
    assert world.market.live() == []


def test_one_row_that_cannot_be_understood_keeps_no_account_from_being_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    running(world)
    world.market.add("shopper-" + a_session_id(9, NOW - 3_600_000), age_seconds=3600)
    monkeypatch.setattr("chalicelib.usecases.metering.read", lambda attempt, found: 1 / 0)
    world.sweeps = ("reconcile",)
    world.run(900)
    assert len(world.market.live()) == 1


def test_budgets_are_held_whatever_keeps_the_accrual_from_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    held: list[str] = []
    monkeypatch.setattr("chalicelib.sweeps.accrue.settle_all", lambda ports: held.append("ends"))
    monkeypatch.setattr("chalicelib.sweeps.accrue.enforce_all", lambda *rest: held.append("budgets"))

    def refused(name: str, turn: Turn | None) -> None:
        raise StoreDown("AccessDenied")

    world.store.health.save_turn("accrue", Turn(place="0", until=0))
    monkeypatch.setattr(world.store.health, "save_turn", refused)
    with pytest.raises(StoreDown):
        accrue.run(world.ports)
    assert held == ["ends", "budgets"]


def broken(world: World) -> None:
    """The breaker has opened, and let go."""
    for _ in range(5):
        observing.create_ended(world.ports, an_offer(), ProviderDown("502"))
    world.clock.advance(61)


def test_after_a_breaker_one_create_is_tried_alone() -> None:
    world = World()
    assert not observing.probe(world.ports, "vastai")
    broken(world)
    assert observing.probe(world.ports, "vastai")
    with pytest.raises(Refusal, match="creates failed repeatedly"):
        world.rent()
    world.clock.advance(5)
    with pytest.raises(ProviderDown, match="another create"):
        observing.probe(world.ports, "vastai")
    observing.create_ended(world.ports, an_offer(), None)
    assert world.rent().status is Status.PENDING


def test_of_two_who_read_the_same_one_tries() -> None:
    world = World()
    broken(world)
    state = world.store.health.provider("vastai")
    assert observing.probe(world.ports, "vastai")
    late: Any = SimpleNamespace(provider=lambda name: state, save_provider=world.store.health.save_provider)
    with pytest.raises(ProviderDown, match="another create"):
        observing.probe(replace(world.ports, health=late), "vastai")


def test_a_create_that_tells_nothing_of_the_market_lets_the_next_one_try() -> None:
    world = World()
    session = world.rent(hours=6)
    broken(world)
    world.market.fail("create", OfferGone("taken"))
    world.run(30)
    assert world.again(session).attempts[0].outcome == "offer_gone"
    assert observing.probe(world.ports, "vastai")


def test_a_session_that_was_opened_while_its_consumer_was_disabled_is_ended_by_the_next_accrual(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    session = running(world, hours=5)
    with monkeypatch.context() as moment:  # the index does not show it yet
        moment.setattr(world.ports.sessions, "live_of", lambda consumer: [])
        keyring.change(world.ports, Caller(consumer=world.operator, key_id="k"), "c-ada", {"active": False})
    assert world.again(session).status is Status.RUNNING
    sweeps.run("accrue", world.ports)
    assert (world.again(session).end_reason, world.again(session).final) == (EndReason.KEY_REVOKED, False)


@pytest.mark.parametrize(("network", "status"), [(FORWARDED, Status.PROVISIONING), ("dedicated", Status.RUNNING)])
def test_the_port_of_a_host_is_not_taken_for_the_machines_where_a_forward_was_ordered(
    network: str, status: Status
) -> None:
    world = World(offers=[an_offer(network=network)])
    session = world.rent()
    world.run(30)
    (machine,) = world.market.live()
    machine.address = msgspec.structs.replace(machine.address, port=22, guessed=True)
    world.run(200)
    assert world.again(session).status is status


def test_what_is_only_tolerated_is_no_reason_to_refuse_for_the_quota() -> None:
    """The offer costs $0.408; a tenth more may be paid, a hundredth at least; the consumer may have $0.42 in all."""
    world = World()

    def with_limit(limit: int) -> Consumer:
        consumer = a_consumer(id=f"c-{limit}", max_price_per_hour=limit)
        world.store.access.put_consumer(consumer, create=True)
        world.store.access.put_key(KeyRecord(id=f"k-c-{limit}", consumer=consumer.id, digest="", created_at=NOW))
        return consumer

    assert world.rent(consumer=with_limit(420_000)).held_per_hour == 420_000
    with pytest.raises(Refusal, match="is in use"):
        world.rent(consumer=with_limit(412_079))


def test_the_first_watch_of_a_deployment_looks_at_once() -> None:
    world = World(environ={"SHOPPER_PUBLIC_URL": "https://shopper.example.com"})
    watch.run(world.ports)
    assert watch.LISTENING not in world.store.health.sweeps()
    world.store.health.sweep_done("watch", world.clock.now())
    world.clock.advance(600)
    watch.run(world.ports)
    assert watch.LISTENING in world.store.health.sweeps()


def test_until_every_market_was_looked_at_the_store_is_asked_each_time() -> None:
    world = World()
    empty = replace(world.ports, inventory=MemoryInventory(RLock()))
    assert offers(empty) == ()
    now = world.clock.now()
    empty.inventory.put(Snapshot(provider="vastai", offers=(an_offer(),), fetched_at=now, tried_at=now))
    assert len(offers(empty)) == 1


def test_a_hard_max_beyond_a_day_holds_for_the_janitor_too_when_it_cannot_read_overrides() -> None:
    world = World(environ={"SHOPPER_HARD_MAX_SECONDS": str(30 * 3600)})
    world.market.add("shopper-" + a_session_id(1, NOW), age_seconds=0)
    world.overrides.down = True
    world.clock.advance(30 * 3600 + 899)
    sweeps.run("janitor", world.ports)
    assert len(world.market.live()) == 1
    world.clock.advance(1)
    sweeps.run("janitor", world.ports)
    assert world.market.live() == []
