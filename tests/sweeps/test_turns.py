"""A sweep with more to do than one run has time for: everybody is looked at, whatever becomes of the messages."""

from collections import Counter

import pytest

from chalicelib import sweeps
from chalicelib.domain.access import Consumer, KeyRecord
from chalicelib.domain.errors import Refusal
from chalicelib.domain.session import Session, Status
from chalicelib.domain.turn import Turn
from chalicelib.ports import Ports
from chalicelib.sweeps import expire, messages, turns, watch
from chalicelib.usecases import accruing
from tests.builders import a_consumer
from tests.world import World

CROWD = 30


class Slow:
    """A world with a crowd of running sessions, in which each look takes so many seconds."""

    def __init__(self, patch: pytest.MonkeyPatch, seconds: float) -> None:
        self.world = World()
        self.world.store.access.put_consumer(
            a_consumer(id="c-ada", max_sessions=500, max_price_per_hour=10**12), create=False
        )
        self.sessions = [self.world.rent(hours=5) for _ in range(CROWD)]
        self.world.run(300)
        self.world.sweeps = ()
        self.seen: Counter[str] = Counter()
        self._seconds = seconds
        patch.setattr("chalicelib.sweeps.watch._TOGETHER", 1)
        patch.setattr("chalicelib.sweeps.watch._watch", self._look)
        self.world.store.health.sweep_done("watch", self.world.clock.now())

    def _look(self, _: Ports, sessions: list[Session]) -> None:
        self.seen.update(session.id for session in sessions)
        self.world.clock.advance(self._seconds)


def test_what_fits_into_one_run_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow(monkeypatch, 0.1)
    assert watch.wake(slow.world.ports)
    assert set(slow.seen.values()) == {1}
    assert len(slow.seen) == CROWD
    assert slow.world.store.health.turn("watch") is None


def test_a_run_out_of_time_hands_over_and_each_session_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow(monkeypatch, 7)
    watch.wake(slow.world.ports)
    assert 0 < len(slow.seen) < CROWD
    runs = 1
    while slow.world.wakeups.due_at() is not None:
        kind, name = slow.world.wakeups.pop()
        messages.handle(slow.world.ports, f'{{"{kind}": "{name}"}}')
        runs += 1
    assert len(slow.seen) == CROWD
    assert set(slow.seen.values()) == {1}
    assert runs == -(-CROWD * 7 // 56)  # eight looks of seven seconds are past fifty
    assert slow.world.store.health.turn("watch") is None


def test_without_a_single_message_the_clock_goes_on_where_the_last_run_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow(monkeypatch, 7)
    slow.world.wakeups.lossy = True
    while len(slow.seen) < CROWD:
        sweeps.wake("watch", slow.world.ports)
        slow.world.clock.advance(60)
    assert set(slow.seen.values()) == {1}


def test_the_clock_does_not_overtake_who_was_called_by_message(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow(monkeypatch, 7)
    watch.wake(slow.world.ports)
    looked_at = len(slow.seen)
    assert turns.under_way(slow.world.store.health.turn("watch"), slow.world.clock.now())
    assert not watch.wake(slow.world.ports)
    assert len(slow.seen) == looked_at


def test_an_accrual_out_of_time_writes_everybody_down_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow(monkeypatch, 7)
    world = slow.world
    written = accruing.accrue

    def slowly(ports: Ports, live: list[Session]) -> None:
        written(ports, live)
        world.clock.advance(20)

    monkeypatch.setattr("chalicelib.sweeps.accrue._TOGETHER", 4)
    monkeypatch.setattr("chalicelib.sweeps.accrue.accrue", slowly)
    world.clock.advance(600)
    sweeps.wake("accrue", world.ports)
    while world.store.health.turn("accrue") is not None:
        sweeps.run("accrue", world.ports)
    days = world.store.ledger.session_lines("c-ada", "2026-01-01", "2027-01-01")
    assert {line.session for line in days} == {session.id for session in slow.sessions}


def test_very_many_consumers_are_held_to_their_budgets_over_several_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    for number in range(40):
        session = world.rent(consumer=payer(world, f"c-{number:02}"), hours=2)
        assert session.consumer == f"c-{number:02}"
    seen: Counter[str] = Counter()

    def slowly(ports: Ports, consumer_id: str, known: Consumer) -> None:
        seen[consumer_id] += 1
        world.clock.advance(7)

    monkeypatch.setattr("chalicelib.usecases.enforcing._TOGETHER", 4)
    monkeypatch.setattr("chalicelib.usecases.enforcing.enforce", slowly)
    runs = 0
    while len(seen) < 40 or world.store.health.turn("budgets") is not None:
        sweeps.wake("accrue", world.ports)
        runs += 1
    assert runs == 6  # two pages of four, 28 s each, are past fifty; two consumers have nothing to be looked at
    assert set(seen.values()) == {1}
    sweeps.wake("accrue", world.ports)
    assert seen["c-00"] == 2


def test_a_place_among_the_consumers_that_nobody_understands_costs_one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.rent()
    world.store.health.save_turn("budgets", Turn(place="?", until=0))
    with pytest.raises(Refusal):
        sweeps.run("accrue", world.ports)
    sweeps.run("accrue", world.ports)
    assert world.store.health.sweeps()["accrue"] == world.clock.now()


def payer(world: World, name: str) -> Consumer:
    consumer = a_consumer(id=name, max_sessions=50, max_price_per_hour=10**9)
    world.store.access.put_consumer(consumer, create=True)
    world.store.access.put_key(KeyRecord(id=f"k-{name}", consumer=name, digest="", created_at=0))
    return consumer


def test_a_backlog_of_expiries_is_worked_off_in_one_run_if_there_is_time() -> None:
    world = World()
    world.store.access.put_consumer(a_consumer(id="c-ada", max_sessions=2000, max_price_per_hour=10**12), create=False)
    world.sweeps = ()
    sessions = [world.rent(hours=0.1) for _ in range(1_100)]
    world.clock.advance(600)
    assert expire.expire(world.ports)
    assert {world.again(session).status for session in sessions} == {Status.TERMINATING}


def test_a_backlog_too_long_for_one_run_goes_on_by_message_and_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.sweeps = ()
    sessions = [world.rent(hours=0.1) for _ in range(20)]
    world.clock.advance(600)
    world.wakeups.lossy = True
    save = world.store.sessions.save

    def slowly(*args: Session, **more: object) -> Session:
        world.clock.advance(6)
        return save(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(world.store.sessions, "save", slowly)
    for _ in range(3):
        assert any(world.again(session).status is not Status.TERMINATING for session in sessions)
        sweeps.wake("expire", world.ports)
    assert {world.again(session).status for session in sessions} == {Status.TERMINATING}


def test_poisoned_rows_in_front_do_not_hide_those_behind_them(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.sweeps = ()
    monkeypatch.setattr("chalicelib.sweeps.expire._TOGETHER", 2)
    sessions = [world.rent(hours=0.1 + number / 1000) for number in range(7)]
    world.clock.advance(600)
    save = world.store.sessions.save
    poisoned = {session.id for session in sessions[:4]}

    def refusing(before: Session, *more: object) -> Session:
        if before.id in poisoned:
            raise RuntimeError("boom")
        return save(before, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(world.store.sessions, "save", refusing)
    expire.run(world.ports)
    assert [world.again(session).status for session in sessions[4:]] == [Status.TERMINATING] * 3
