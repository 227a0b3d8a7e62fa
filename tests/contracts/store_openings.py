"""The contract of `Sessions.open`: all of it in one step, or nothing."""

from typing import Any

import pytest

from chalicelib.domain.errors import Refusal, Stale
from chalicelib.domain.instant import HOUR
from chalicelib.domain.session import Session
from tests.builders import NOW, a_consumer, a_key, a_session, an_admission, an_event
from tests.contracts.store import AnyStore, ended, known, opened, replaced

AGAIN: dict[str, Any] = {"idempotency_key": "once", "body_hash": "h1", "idempotency_expires_at": NOW + 24 * HOUR}


def _open(store: AnyStore, number: int, session: dict[str, object] | None = None, **admission: object) -> Session:
    asked = a_session(number, **(session or {}))
    return store.sessions.open(asked, an_event(asked), an_admission(**admission))


def _refusal(store: AnyStore, number: int, session: dict[str, object] | None = None, **admission: object) -> Refusal:
    with pytest.raises(Refusal) as raised:
        _open(store, number, session, **admission)
    return raised.value


class OpeningsContract:
    def test_an_opened_session_is_there_with_its_first_event(self, store: AnyStore) -> None:
        known(store)
        session = _open(store, 1)
        assert session == a_session(1)
        assert store.sessions.get(session.id) == session
        assert store.sessions.events(session.id) == [an_event(session)]

    def test_an_opened_session_counts_against_its_consumer(self, store: AnyStore) -> None:
        known(store)
        _open(store, 1)
        _open(store, 2, {"held_per_hour": 92_000})
        assert store.access.consumer("c-ada") == a_consumer(sessions=2, committed_per_hour=500_000)

    def test_one_session_too_many_is_refused_and_names_the_limit(self, store: AnyStore) -> None:
        known(store, max_sessions=1)
        _open(store, 1, consumer=a_consumer(max_sessions=1))
        refusal = _refusal(store, 2, consumer=a_consumer(max_sessions=1))
        assert (refusal.status, refusal.code) == (429, "quota_exceeded")
        assert refusal.extra == {"limit": "max_sessions"}
        assert refusal.detail == "1 of 1 sessions are in use"

    def test_a_session_that_costs_too_much_beside_the_others_is_refused(self, store: AnyStore) -> None:
        known(store)
        _open(store, 1, {"held_per_hour": 1_600_001})
        refusal = _refusal(store, 2, {"held_per_hour": 400_000})
        assert (refusal.status, refusal.code) == (429, "quota_exceeded")
        assert refusal.extra == {"limit": "max_price_per_hour"}
        assert _open(store, 3, {"held_per_hour": 399_999}).held_per_hour == 399_999

    def test_a_refused_session_leaves_nothing_behind(self, store: AnyStore) -> None:
        known(store, max_sessions=0)
        refusal = _refusal(store, 1, consumer=a_consumer(max_sessions=0), **AGAIN)
        assert refusal.code == "quota_exceeded"
        session = a_session(1)
        assert store.sessions.get(session.id) is None
        assert store.sessions.events(session.id) == []
        assert store.access.consumer("c-ada") == a_consumer(max_sessions=0)
        store.access.put_consumer(a_consumer(), create=False)
        assert _open(store, 1, **AGAIN) == session

    def test_the_limits_that_count_are_the_stored_ones(self, store: AnyStore) -> None:
        known(store, max_sessions=1)
        _open(store, 1)
        assert _refusal(store, 2, consumer=a_consumer(max_sessions=9)).code == "quota_exceeded"
        store.access.put_consumer(a_consumer(max_sessions=2), create=False)
        assert _open(store, 3, consumer=a_consumer(max_sessions=1)).id == a_session(3).id

    def test_a_final_session_makes_room_again(self, store: AnyStore) -> None:
        consumer = known(store, max_sessions=1)
        ended(store, _open(store, 1, consumer=consumer))
        assert store.access.consumer("c-ada") == consumer
        assert _open(store, 2, consumer=consumer).id == a_session(2).id

    def test_a_consumer_disabled_meanwhile_is_refused(self, store: AnyStore) -> None:
        known(store, active=False)
        refusal = _refusal(store, 1)
        assert (refusal.status, refusal.code) == (401, "unauthorized")

    def test_a_consumer_nobody_knows_is_refused(self, store: AnyStore) -> None:
        assert _refusal(store, 1).status == 401

    def test_a_key_revoked_meanwhile_is_refused(self, store: AnyStore) -> None:
        known(store)
        store.access.put_key(a_key())
        assert _open(store, 1, key_id=a_key().id).id == a_session(1).id
        store.access.put_key(a_key(revoked_at=NOW))
        refusal = _refusal(store, 2, key_id=a_key().id)
        assert (refusal.status, refusal.code) == (401, "unauthorized")
        assert _refusal(store, 3, key_id="unknownkey").status == 401

    def test_a_replay_answers_the_session_opened_first(self, store: AnyStore) -> None:
        known(store)
        first = _open(store, 1, **AGAIN)
        assert _open(store, 2, **AGAIN) == first
        assert store.sessions.get(a_session(2).id) is None
        assert store.access.consumer("c-ada") == a_consumer(sessions=1, committed_per_hour=first.held_per_hour)

    def test_a_replay_answers_the_session_as_it_is_now(self, store: AnyStore) -> None:
        known(store)
        final = ended(store, _open(store, 1, **AGAIN))
        assert _open(store, 2, **AGAIN) == final

    def test_a_replay_needs_no_room(self, store: AnyStore) -> None:
        consumer = known(store, max_sessions=1)
        first = _open(store, 1, consumer=consumer, **AGAIN)
        assert _open(store, 2, consumer=consumer, **AGAIN) == first

    def test_the_same_key_with_another_body_is_a_conflict(self, store: AnyStore) -> None:
        known(store)
        _open(store, 1, **AGAIN)
        refusal = _refusal(store, 2, **{**AGAIN, "body_hash": "h2"})
        assert (refusal.status, refusal.code) == (409, "idempotency_conflict")

    def test_two_consumers_may_use_the_same_key(self, store: AnyStore) -> None:
        known(store)
        other = known(store, id="c-bob")
        _open(store, 1, **AGAIN)
        assert _open(store, 2, {"consumer": "c-bob"}, consumer=other, **AGAIN).consumer == "c-bob"

    def test_an_idempotency_key_is_forgotten_when_it_expires(self, store: AnyStore) -> None:
        known(store)
        _open(store, 1, **{**AGAIN, "idempotency_expires_at": NOW + 1000})
        later: dict[str, Any] = {"created_at": NOW + 1000}
        assert _open(store, 2, later, **AGAIN).id == a_session(2, **later).id

    def test_a_revoked_key_gets_no_replay(self, store: AnyStore) -> None:
        known(store)
        store.access.put_key(a_key())
        _open(store, 1, key_id=a_key().id, **AGAIN)
        store.access.put_key(a_key(revoked_at=NOW))
        assert _refusal(store, 2, key_id=a_key().id, **AGAIN).status == 401

    def test_opening_again_after_a_lost_answer_changes_nothing(self, store: AnyStore) -> None:
        consumer = known(store, max_sessions=1)
        session = _open(store, 1, consumer=consumer)
        assert _open(store, 1, consumer=consumer) == session
        assert len(store.sessions.events(session.id)) == 1

    def test_an_id_is_never_opened_twice(self, store: AnyStore) -> None:
        session = opened(store, 1)
        with pytest.raises(Stale):
            opened(store, 1, hours=2.0)
        assert store.sessions.get(session.id) == session
        assert replaced(session, hours=2.0) != session
