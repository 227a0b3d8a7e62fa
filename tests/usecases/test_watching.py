"""Machines watched by their heartbeats: silence is told, loss ends, idleness ends after a warning."""

from typing import Any

import pytest

from chalicelib.domain.errors import ProviderDown
from chalicelib.domain.instance import Absent, Instance, Phase
from chalicelib.domain.lease import Lease
from chalicelib.domain.pulse import Pulse
from chalicelib.domain.session import EndReason, Event, Session, Status
from chalicelib.usecases import beating, watching
from tests.world import World

MINUTE = 60.0


class Watched:
    """One running session whose machine reports as long as `quiet` is not asked for."""

    def __init__(self, **order: Any) -> None:
        self.world = World(environ={"SHOPPER_PUBLIC_URL": "https://shopper.example.com"})
        self.id = self.world.rent(hours=8.0, **order).id
        self.world.run(2 * MINUTE)
        assert self.session.status is Status.RUNNING
        self.beats = 0

    @property
    def session(self) -> Session:
        found = self.world.store.sessions.get(self.id)
        assert found is not None
        return found

    @property
    def lease(self) -> Lease:
        [machine] = self.world.market.live()
        assert machine.order is not None
        assert machine.order.agent is not None
        return machine.order.agent

    def minutes(self, count: int, util: float | None = 97.0, logins: int = 0) -> None:
        """So many minutes with a beat in each."""
        for _ in range(count):
            self.beat(util, logins)
            self.world.run(MINUTE)

    def beat(self, util: float | None = 97.0, logins: int = 0) -> None:
        self.beats += 1
        if self.session.status is Status.RUNNING:
            session = beating.authenticate(self.world.ports, f"Bearer {self.lease.token}")
            pulse = Pulse(gpu_util=(util,), ssh_sessions=logins, uptime_seconds=60.0 * self.beats, armed=True)
            beating.beat(self.world.ports, session, self.beats, pulse)

    def quiet(self, minutes: float) -> None:
        self.world.run(minutes * MINUTE)

    def told(self) -> list[str]:
        return [str(alert.kind) for alert in self.world.alerts.rows.values()]


def test_a_machine_that_reports_is_left_alone() -> None:
    watched = Watched()
    watched.minutes(60)
    assert (watched.session.status, watched.session.gpu_util, watched.told()) == (Status.RUNNING, 97.0, [])


def test_ten_minutes_of_silence_are_told_once_and_are_over_with_the_next_beat() -> None:
    watched = Watched()
    watched.minutes(3)
    watched.quiet(25)
    assert watched.session.status is Status.RUNNING
    assert (watched.session.status_reason or "").startswith("unreachable: no heartbeat since")
    assert watched.told() == ["session_unreachable"]
    watched.minutes(2)
    assert watched.session.status_reason == "reachable again"
    watched.quiet(12)
    assert watched.told() == ["session_unreachable"] * 2
    assert [event.after for event in watched.world.store.sessions.events(watched.id)][-1] is Status.RUNNING


def test_a_silent_machine_that_its_provider_calls_running_lives() -> None:
    watched = Watched()
    watched.minutes(3)
    watched.quiet(120)
    assert watched.session.status is Status.RUNNING


def test_half_an_hour_of_silence_and_a_machine_that_is_down_are_the_end() -> None:
    watched = Watched()
    watched.minutes(3)
    watched.world.market.set_phase(watched.world.market.live()[0].id, Phase.STARTING)
    watched.quiet(25)
    assert watched.session.status is Status.RUNNING
    watched.quiet(10)
    assert watched.session.end_reason is EndReason.HEARTBEAT_LOST
    assert watched.session.final
    assert not watched.world.market.live()
    assert "session_lost" in watched.told()


def test_a_machine_that_reports_again_while_its_provider_is_asked_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched()
    watched.minutes(3)
    market = watched.world.market
    market.set_phase(market.live()[0].id, Phase.REBOOTING)
    watched.quiet(25)
    look = market.get

    def slow_look(instance_id: str) -> Instance | Absent:
        seen = look(instance_id)
        watched.beat()
        return seen

    monkeypatch.setattr(market, "get", slow_look)
    watched.quiet(6)
    assert watched.session.status is Status.RUNNING


@pytest.mark.parametrize("phase", [Phase.RUNNING, Phase.UNKNOWN])
def test_a_word_that_does_not_say_down_ends_nothing(phase: Phase) -> None:
    watched = Watched()
    watched.minutes(3)
    watched.world.market.set_phase(watched.world.market.live()[0].id, phase)
    watched.quiet(60)
    assert watched.session.status is Status.RUNNING


def test_a_provider_that_does_not_answer_ends_nothing() -> None:
    watched = Watched()
    watched.minutes(3)
    watched.world.market.fail("get", ProviderDown("down"), times=None)
    watched.quiet(60)
    assert watched.session.status is Status.RUNNING


def test_an_agent_that_never_reported_is_nobodys_silence() -> None:
    watched = Watched(idle_minutes=5)
    watched.quiet(120)
    assert (watched.session.status, watched.told()) == (Status.RUNNING, [])


def test_after_our_own_absence_the_machines_are_heard_first() -> None:
    watched = Watched()
    watched.minutes(3)
    watched.world.clock.advance(3600)
    watched.minutes(3)
    assert (watched.session.status, watched.told()) == (Status.RUNNING, [])


def test_back_from_an_absence_nothing_is_concluded_before_a_few_heartbeats_could_come() -> None:
    watched = Watched()
    watched.minutes(3)
    watched.world.market.set_phase(watched.world.market.live()[0].id, Phase.STARTING)
    watched.world.clock.advance(3600)
    watched.quiet(2.5)
    assert (watched.session.status, watched.told()) == (Status.RUNNING, [])
    watched.world.market.set_phase(watched.world.market.live()[0].id, Phase.RUNNING)
    watched.minutes(3)
    watched.quiet(5)
    assert (watched.session.status, watched.told()) == (Status.RUNNING, [])


def test_a_login_that_comes_while_the_end_is_written_keeps_the_machine() -> None:
    watched = Watched(idle_minutes=10)
    sessions = watched.world.store.sessions
    saved = sessions.save

    def late(before: Session, after: Session, event: Event | None = None) -> Session:
        if after.end_reason is EndReason.IDLE:
            sessions.save = saved  # type: ignore[method-assign]
            watched.beat(0.0, logins=1)
        return saved(before, after, event)

    watched.minutes(8, util=0.0)
    sessions.save = late  # type: ignore[method-assign]
    watched.minutes(6, util=0.0)
    assert sessions.save == saved
    assert watched.session.status is Status.RUNNING
    watched.minutes(11, util=0.0)
    assert watched.session.end_reason is EndReason.IDLE


def test_an_idle_machine_is_warned_of_at_half_time_and_ends() -> None:
    watched = Watched(idle_minutes=10)
    watched.minutes(5, util=50.0)
    watched.minutes(5, util=4.9)
    assert watched.told() == ["idle_warning"]
    watched.minutes(3, util=0.0)
    assert watched.session.status is Status.RUNNING
    watched.minutes(4, util=0.0)
    assert watched.session.end_reason is EndReason.IDLE
    assert watched.told() == ["idle_warning"]
    history = [event.reason for event in watched.world.store.sessions.events(watched.id)]
    assert history[-3:] == ["idle_warning", "idle", "idle"]


@pytest.mark.parametrize(
    "sign_of_life", [{"util": 5.0}, {"util": 0.0, "logins": 1}, {"util": None}], ids=["work", "login", "not told"]
)
def test_any_activity_starts_the_count_anew_and_another_idle_time_is_warned_of_again(
    sign_of_life: dict[str, Any],
) -> None:
    watched = Watched(idle_minutes=10)
    watched.minutes(8, util=0.0)
    watched.minutes(1, **sign_of_life)
    watched.minutes(8, util=0.0)
    assert watched.session.status is Status.RUNNING
    assert watched.told() == ["idle_warning"] * 2
    watched.minutes(4, util=0.0)
    assert watched.session.end_reason is EndReason.IDLE


def test_a_row_that_was_read_a_while_ago_ends_nobody_who_works_by_now() -> None:
    watched = Watched(idle_minutes=10)
    watched.world.sweeps = ()
    watched.minutes(12, util=0.0)
    read_early = watched.session
    watched.minutes(1, util=80.0)
    watching.watch(watched.world.ports, read_early)
    assert watched.session.status is Status.RUNNING
    watched.minutes(12, util=0.0)
    watching.watch(watched.world.ports, watched.session)
    assert watched.session.end_reason is EndReason.IDLE


def test_without_a_wish_for_it_nothing_ends_for_being_idle() -> None:
    watched = Watched(idle_minutes=0)
    watched.minutes(90, util=0.0)
    assert (watched.session.status, watched.told()) == (Status.RUNNING, [])


def test_time_in_which_nothing_was_heard_does_not_count_as_idle() -> None:
    watched = Watched(idle_minutes=30)
    watched.minutes(5, util=0.0)
    watched.quiet(40)
    watched.minutes(20, util=0.0)
    assert watched.session.status is Status.RUNNING


def test_fewer_gpus_in_sight_than_were_rented_might_be_at_work() -> None:
    watched = Watched(idle_minutes=5)
    for _ in range(15):
        watched.beats += 1
        session = beating.authenticate(watched.world.ports, f"Bearer {watched.lease.token}")
        pulse = Pulse(gpu_util=(), gpus="error", ssh_sessions=0, uptime_seconds=1.0)
        beating.beat(watched.world.ports, session, watched.beats, pulse)
        watched.world.run(MINUTE)
    assert watched.session.status is Status.RUNNING


def test_a_beat_vetoes_a_ghost() -> None:
    watched = Watched()
    watched.world.market.lie("list", times=None)
    watched.world.market.lie("get", times=None)
    watched.minutes(60)
    assert watched.session.status is Status.RUNNING
    watched.quiet(40)
    assert watched.session.end_reason is EndReason.LOST


def test_a_heartbeat_that_came_while_others_were_looked_at_ends_the_silence() -> None:
    watched = Watched()
    watched.minutes(3)
    watched.world.sweeps = tuple(name for name in watched.world.sweeps if name != "watch")
    watched.quiet(30)
    read = watched.session
    watched.beat()
    watching.watch(watched.world.ports, read)
    assert watched.told() == []
    assert watched.session.status_reason == read.status_reason
    assert watched.session.status is Status.RUNNING
