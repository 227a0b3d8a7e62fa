"""No session, and no market, keeps a sweep from its neighbours."""

import pytest

from chalicelib.domain.access import KeyRecord
from chalicelib.domain.alert import Alert
from chalicelib.domain.errors import StoreDown
from chalicelib.domain.session import Status
from chalicelib.ports import Ports
from chalicelib.sweeps import alert, expire, janitor
from chalicelib.sweeps.stepping import step_due
from chalicelib.usecases import stepping
from tests.builders import a_consumer
from tests.world import World


def test_a_thousand_launches_that_are_due_do_not_hide_a_machine_past_its_end() -> None:
    world = World()
    session = world.rent(hours=0.1)
    world.run(200)
    crowd = a_consumer(id="c-crowd", max_sessions=1000, max_price_per_hour=10**12)
    world.store.access.put_consumer(crowd, create=True)
    world.store.access.put_key(_key_of(world, "c-crowd"))
    world.wakeups.lossy = True
    for _ in range(510):
        world.rent(consumer=crowd)
    world.clock.advance(600)
    expire.run(world.ports)
    assert world.again(session).status is Status.TERMINATING


def test_a_market_that_fails_in_a_way_nobody_foresaw_does_not_stop_the_janitor() -> None:
    world = World()
    world.market.fail("list", TypeError("a row of no known shape"))
    janitor.run(world.ports)
    assert world.market.count("list") == 1


@pytest.mark.parametrize("trouble", [StoreDown("the topic does not take it"), ValueError("an answer that is none")])
def test_an_alert_that_cannot_be_sent_does_not_keep_back_those_behind_it(
    monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    world = World()
    for number in range(3):
        world.alerts.add(Alert(dedupe_id=f"a-{number}", kind="budget", at=world.clock.now() + number, detail="told"))
    publish = world.notifier.publish

    def refusing(told: Alert) -> None:
        if told.dedupe_id == "a-0":
            raise trouble
        publish(told)

    monkeypatch.setattr(world.notifier, "publish", refusing)
    alert.run(world.ports)
    assert [told.dedupe_id for told in world.notifier.sent] == ["a-1", "a-2"]
    assert [told.dedupe_id for told in world.alerts.pending(10)] == ["a-0"]


def _key_of(world: World, consumer_id: str) -> KeyRecord:
    return KeyRecord(id=f"k-{consumer_id}", consumer=consumer_id, digest="", created_at=world.clock.now())


def test_a_sweep_out_of_time_leaves_the_rest_to_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    sessions = [world.rent() for _ in range(3)]
    slow = stepping.step

    def step(ports: Ports, session_id: str) -> None:
        slow(ports, session_id)
        world.clock.advance(30)

    monkeypatch.setattr("chalicelib.sweeps.stepping.step", step)
    assert step_due(world.ports, (Status.PENDING,)) == 2
    statuses = [world.again(session).status for session in sessions]
    assert statuses.count(Status.PENDING) == 1
