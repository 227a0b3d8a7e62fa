"""The contract of `Sessions`: conditional writes, and what the sweeps look for."""

import msgspec
import pytest

from chalicelib.domain.attempt import Attempt, Stage
from chalicelib.domain.errors import Stale
from chalicelib.domain.instance import Address, OpenPort
from chalicelib.domain.lease import mark
from chalicelib.domain.pulse import Pulse
from chalicelib.domain.session import LIVE, EndReason, Session, Status, end, start_attempt
from chalicelib.domain.turn import place
from tests.builders import NOW, a_session, an_event, an_offer, an_order
from tests.contracts.store import AnyStore, ended, ending, opened, replaced


def an_attempt(provider: str = "vastai") -> Attempt:
    offer = an_offer(provider=provider, id=f"{provider}:7")
    return Attempt(offer=offer, disk_gb=40, stage=Stage.CALLING, called_at=NOW, at=NOW, deadline_at=NOW + 1000)


def tried(store: AnyStore, session: Session, provider: str) -> Session:
    after, event = start_attempt(session, an_attempt(provider), 408_000, NOW)
    return store.sessions.save(session, after, event)


class SessionsContract:
    def test_an_unknown_session_is_none(self, store: AnyStore) -> None:
        assert store.sessions.get("test-nobody") is None
        assert store.sessions.get("x" * 5000) is None
        assert store.sessions.events("test-nobody") == []

    def test_everything_in_a_session_survives(self, store: AnyStore) -> None:
        order = an_order(
            env={"A": "ü\n", "EMPTY": ""}, onstart="#!/bin/sh\n", ports=(80, 443), max_price=1, lease_minutes=2.5
        )
        session = opened(store, 1, order=order, hours=0.1, status_reason="")
        full = replaced(
            session,
            attempts=(an_attempt(), an_attempt("tensordock").knows("i-1", "i-2")),
            ssh=Address(host="::1", port=22, user="root"),
            ports=(OpenPort(port=80, host="::1", external_port=59735),),
            gpu_util=12.5,
            last_heartbeat_at=NOW + 1,
            running_at=NOW,
            end_reason=EndReason.IDLE,
            overridden_by="op",
            lease_expires_at=NOW + 150_000,
        )
        saved = store.sessions.save(session, full)
        assert store.sessions.get(session.id) == saved == replaced(full, version=2)

    def test_a_value_taken_away_stays_away(self, store: AnyStore) -> None:
        session = opened(store, 1, gpu_util=1.0, status_reason="why")
        saved = store.sessions.save(session, replaced(session, gpu_util=None, status_reason=None))
        found = store.sessions.get(session.id)
        assert found == saved
        assert found is not None
        assert (found.gpu_util, found.status_reason) == (None, None)

    def test_a_save_from_an_old_reading_is_stale_and_changes_nothing(self, store: AnyStore) -> None:
        session = opened(store, 1)
        saved = store.sessions.save(session, replaced(session, step_failures=1))
        with pytest.raises(Stale):
            store.sessions.save(session, replaced(session, step_failures=2))
        with pytest.raises(Stale):
            store.sessions.save(session, *end(session, EndReason.DONE, NOW, "c-ada"))
        assert store.sessions.get(session.id) == saved
        assert store.sessions.events(session.id) == [an_event(session)]

    def test_a_session_that_was_never_opened_cannot_be_saved(self, store: AnyStore) -> None:
        with pytest.raises(Stale):
            store.sessions.save(a_session(1), a_session(1, step_failures=1))
        assert store.sessions.get(a_session(1).id) is None

    def test_events_come_oldest_first_one_for_each_transition(self, store: AnyStore) -> None:
        session = opened(store, 1)
        quiet = store.sessions.save(session, replaced(session, step_failures=1))
        final = ended(store, quiet, NOW)
        history = store.sessions.events(session.id)
        assert [event.after for event in history] == [Status.PENDING, Status.TERMINATING, final.status]
        assert [event.before for event in history] == [None, Status.PENDING, Status.TERMINATING]

    def test_what_a_session_holds_follows_it(self, store: AnyStore) -> None:
        session = opened(store, 1, held_per_hour=500_000)
        opened(store, 2, held_per_hour=100_000)
        dearer = store.sessions.save(session, replaced(session, held_per_hour=700_000))
        consumer = store.access.consumer("c-ada")
        assert consumer is not None
        assert (consumer.sessions, consumer.committed_per_hour) == (2, 800_000)
        ended(store, dearer)
        consumer = store.access.consumer("c-ada")
        assert consumer is not None
        assert (consumer.sessions, consumer.committed_per_hour) == (1, 100_000)

    def test_a_heartbeat_is_noted_beside_whatever_else_is_written(self, store: AnyStore) -> None:
        session = opened(store, 1, agent_mark=mark("t", 0), gpu_util=9.0)
        pulse = Pulse(
            gpu_util=(97.0, None), gpu_mem_used_mb=(1.0, None), ssh_sessions=1, uptime_seconds=2.0, armed=True
        )
        assert store.sessions.beat(session.id, mark("t", 5), pulse, NOW + 1, active=True)
        moved = store.sessions.save(session, replaced(session, step_failures=1))
        heard = replaced(
            moved, agent_mark=mark("t", 5), pulse=pulse, gpu_util=97.0, last_heartbeat_at=NOW + 1, active_at=NOW + 1
        )
        assert store.sessions.get(session.id) == heard
        blind = Pulse(ssh_sessions=0, uptime_seconds=3.0)
        assert store.sessions.beat(session.id, mark("t", 6), blind, NOW + 2, active=False)
        assert store.sessions.get(session.id) == replaced(
            heard, agent_mark=mark("t", 6), pulse=blind, gpu_util=None, last_heartbeat_at=NOW + 2
        )

    def test_a_heartbeat_that_is_no_news_changes_nothing(self, store: AnyStore) -> None:
        session = opened(store, 1, agent_mark=mark("t", 5))
        deaf = opened(store, 2)
        pulse = Pulse(ssh_sessions=0, uptime_seconds=2.0)
        for late in (mark("t", 5), mark("t", 4), mark("t", 0), mark("u", 6), mark("s", 6)):
            assert not store.sessions.beat(session.id, late, pulse, NOW + 1, active=True)
        assert not store.sessions.beat(deaf.id, mark("t", 6), pulse, NOW + 1, active=True)
        assert not store.sessions.beat("test-nobody", mark("t", 6), pulse, NOW + 1, active=True)
        assert store.sessions.get(session.id) == session
        assert store.sessions.get(deaf.id) == deaf
        assert store.sessions.get("test-nobody") is None

    def test_an_end_for_idleness_is_written_only_while_nothing_was_heard_to_the_contrary(self, store: AnyStore) -> None:
        session = opened(store, 1, agent_mark=mark("t", 0), active_at=NOW)
        idle = end(session, EndReason.IDLE, NOW + 2, "watch")
        pulse = Pulse(ssh_sessions=1, uptime_seconds=2.0)
        assert store.sessions.beat(session.id, mark("t", 1), pulse, NOW + 1, active=True)
        with pytest.raises(Stale):
            store.sessions.save(session, *idle)
        heard = store.sessions.get(session.id)
        assert heard is not None
        assert (heard.status, heard.active_at) == (session.status, NOW + 1)
        at_rest = Pulse(ssh_sessions=0, uptime_seconds=3.0)
        assert store.sessions.beat(session.id, mark("t", 2), at_rest, NOW + 3, active=False)
        assert store.sessions.save(heard, *end(heard, EndReason.IDLE, NOW + 4, "watch")).end_reason is EndReason.IDLE

    def test_a_heartbeat_after_the_end_changes_nothing(self, store: AnyStore) -> None:
        final = ended(store, opened(store, 1, agent_mark=mark("t", 0)))
        pulse = Pulse(ssh_sessions=0, uptime_seconds=2.0)
        assert not store.sessions.beat(final.id, mark("t", 1), pulse, NOW + 1, active=True)
        assert store.sessions.get(final.id) == final

    def test_another_agent_can_be_listened_to(self, store: AnyStore) -> None:
        session = opened(store, 1, agent_mark=mark("t", 0))
        pulse = Pulse(ssh_sessions=0, uptime_seconds=2.0)
        assert store.sessions.beat(session.id, mark("t", 7), pulse, NOW + 1, active=True)
        fresh = replaced(session, agent_mark=mark("u", 0), pulse=None, last_heartbeat_at=None, active_at=None)
        store.sessions.save(session, fresh)
        assert not store.sessions.beat(session.id, mark("t", 8), pulse, NOW + 2, active=True)
        assert store.sessions.beat(session.id, mark("u", 1), pulse, NOW + 2, active=True)

    def test_due_is_what_is_late_in_these_states_longest_first(self, store: AnyStore) -> None:
        late, later, soon = (opened(store, n, next_attempt_at=NOW + n) for n in (2, 1, 50))
        other = ending(store, opened(store, 4), NOW)
        due = store.sessions.due([Status.PENDING, Status.PROVISIONING], NOW + 10)
        assert [session.id for session in due] == [later.id, late.id]
        assert store.sessions.due([Status.TERMINATING], NOW) == [other]
        assert store.sessions.due([Status.PENDING], NOW + 100, limit=1) == [later]
        assert soon.id not in {session.id for session in due}

    def test_a_session_saved_for_later_is_not_due_any_more(self, store: AnyStore) -> None:
        session = opened(store, 1)
        saved = store.sessions.save(session, replaced(session, next_attempt_at=NOW + 5))
        assert store.sessions.due([Status.PENDING], NOW) == []
        assert store.sessions.due([Status.PENDING], NOW + 5) == [saved]

    def test_a_session_is_due_by_its_lease_and_later_once_that_is_renewed(self, store: AnyStore) -> None:
        session = opened(store, 1, next_attempt_at=NOW + 99, lease_expires_at=NOW + 5)
        assert store.sessions.due([Status.PENDING], NOW + 5) == [session]
        renewed = store.sessions.save(session, replaced(session, lease_expires_at=NOW + 50))
        assert store.sessions.due([Status.PENDING], NOW + 49) == []
        assert store.sessions.due([Status.PENDING], NOW + 50) == [renewed]

    def test_a_final_session_is_never_due_and_not_live(self, store: AnyStore) -> None:
        ended(store, opened(store, 1))
        alive = opened(store, 2)
        assert store.sessions.due(list(Status), NOW + 10**9) == [alive]
        assert list(store.sessions.live()) == [alive]

    def test_live_is_every_session_that_is_not_final_wherever_it_stands(self, store: AnyStore) -> None:
        pending = opened(store, 1)
        booting = tried(store, opened(store, 2), "vastai")
        going = ending(store, opened(store, 3))
        assert {session.id for session in store.sessions.live()} == {pending.id, booting.id, going.id}
        assert set(LIVE) >= {session.status for session in store.sessions.live()}

    def test_live_behind_a_place_is_the_rest_in_order(self, store: AnyStore) -> None:
        pending = [opened(store, number, next_attempt_at=NOW + number // 2) for number in range(6)]
        going = ending(store, opened(store, 7))
        order = [place(session) for session in (*pending, going)]
        assert order == sorted(order)
        rest = list(store.sessions.live(after=order[2]))
        assert [place(session) for session in rest] == order[3:]
        assert list(store.sessions.live(after=order[-1])) == []

    def test_live_at_a_provider_goes_by_the_current_attempt(self, store: AnyStore) -> None:
        opened(store, 1)
        here = tried(store, opened(store, 2), "vastai")
        there = tried(store, opened(store, 3), "tensordock")
        assert list(store.sessions.live("vastai")) == [here]
        closed = msgspec.structs.replace(an_attempt(), stage=Stage.CLOSED)
        moved = replaced(here, attempts=(closed, an_attempt("tensordock")))
        moved = store.sessions.save(here, moved)
        assert list(store.sessions.live("vastai")) == []
        assert sorted(s.id for s in store.sessions.live("tensordock")) == sorted([there.id, moved.id])
