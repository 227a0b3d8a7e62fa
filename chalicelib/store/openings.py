"""How a session is opened: row, first event, quota, hold, key and idempotency in one transaction.

A cancelled transaction says only that something did not hold. What it was is then read from the rows
themselves, in the order in which the caller cares: may they ask, did they ask before, have they room.
"""

import hmac
from collections.abc import Callable

from pynamodb.transactions import TransactWrite

from chalicelib.domain import budget, quota
from chalicelib.domain.access import Consumer, KeyRecord
from chalicelib.domain.errors import Stale, StoreDown
from chalicelib.domain.instant import Instant, Millis
from chalicelib.domain.session import Event, Session
from chalicelib.ports import Admission
from chalicelib.store.access import DynamoAccess, consumer_key, key_key, within_budget
from chalicelib.store.records import Rows, read
from chalicelib.store.session_rows import (
    Replay,
    event_key,
    replay_key,
    session_key,
    stored,
    stored_event,
    stored_replay,
)
from chalicelib.store.table import Table
from chalicelib.store.trouble import TRIES, Lost, jitter


class Openings:
    """`Sessions.open`."""

    _sessions = Rows(Session)
    _events = Rows(Event)
    _replays = Rows(Replay)
    _consumers = Rows(Consumer)
    _keys = Rows(KeyRecord)

    def __init__(self, table: Table, retention: Millis) -> None:
        self._table = table
        self._retention = retention
        self._access = DynamoAccess(table)

    def open(self, session: Session, event: Event, admission: Admission) -> Session:
        consumer = admission.consumer
        for number in range(TRIES):
            try:
                self._table.transact(self._writes(session, event, admission, consumer))
                return session
            except Lost:
                consumer = self._admitted(admission)
            earlier = self._replayed(session, admission) or self._landed(session)
            if earlier is not None:
                return earlier
            refusal = quota.exceeded(consumer, session.held_per_hour)
            refusal = refusal or budget.exceeded(consumer.budget, consumer.booked, session.hold)
            if refusal is not None:
                raise refusal
            # Nothing is in the way any more (the limits changed, or a slot came free): again, as things are now.
            self._table.pause(jitter(number))
        raise StoreDown("the consumer's quota is too busy")

    def _writes(
        self, session: Session, event: Event, admission: Admission, consumer: Consumer
    ) -> Callable[[TransactWrite], None]:
        def build(transaction: TransactWrite) -> None:
            row = self._sessions(*session_key(session.id), **stored(session, self._retention))
            transaction.save(row, self._sessions.pk.does_not_exist())
            transaction.save(
                self._events(*event_key(session.id, session.version), **stored_event(event, self._retention))
            )
            self._hold(transaction, consumer, session)
            if admission.key_id is not None:
                revoked = self._keys.get_attributes()["revoked_at"]
                condition = self._keys.pk.exists() & revoked.does_not_exist()
                transaction.condition_check(self._keys, *key_key(admission.key_id), condition=condition)
            if admission.idempotency_key is not None:
                replay = self._replays.get_attributes()["expires_at"]
                transaction.save(
                    self._replays(
                        *replay_key(consumer.id, admission.idempotency_key), **stored_replay(session, admission)
                    ),
                    self._replays.pk.does_not_exist() | (replay <= session.created_at),
                )

        return build

    def _hold(self, transaction: TransactWrite, consumer: Consumer, session: Session) -> None:
        """Conditions know no arithmetic: what is left is worked out here, on condition of the limits it came from."""
        column = self._consumers.get_attributes()
        transaction.update(
            self._consumers(*consumer_key(consumer.id)),
            [
                column["sessions"].add(1),
                column["committed_per_hour"].add(session.held_per_hour),
                column["reserved"].add(session.hold),
                column["booked"].add(session.hold),
            ],
            (column["active"] == True)  # noqa: E712 (an expression, not a comparison)
            & (column["max_sessions"] == consumer.max_sessions)
            & (column["max_price_per_hour"] == consumer.max_price_per_hour)
            & (column["sessions"] < consumer.max_sessions)
            & (column["committed_per_hour"] <= consumer.max_price_per_hour - session.held_per_hour)
            & within_budget(column, consumer, session.hold),
        )

    def _admitted(self, admission: Admission) -> Consumer:
        """The consumer as it is now. Raises Refusal 401."""
        consumer = self._access.consumer(admission.consumer.id)
        if consumer is None or not consumer.active:
            raise quota.not_active()
        if admission.key_id is not None:
            key = self._access.key(admission.key_id)
            if key is None or key.revoked_at is not None:
                raise quota.not_active()
        return consumer

    def _replayed(self, session: Session, admission: Admission) -> Session | None:
        """The session that this very request opened before. Raises Refusal 409 if it was another request."""
        if admission.idempotency_key is None:
            return None
        consumer, key = admission.consumer.id, admission.idempotency_key
        return self.replayed(consumer, key, admission.body_hash, session.created_at)

    def replayed(self, consumer_id: str, idempotency_key: str, body_hash: str, now: Instant) -> Session | None:
        """`Sessions.replayed`."""
        row = self._table.get(self._replays, *replay_key(consumer_id, idempotency_key))
        kept = read(row, Replay) if row is not None else None
        if kept is None or kept.expires_at <= now:
            return None
        if not hmac.compare_digest(kept.body_hash, body_hash):
            raise quota.conflict()
        return self._stored(kept.session_id)

    def _landed(self, session: Session) -> Session | None:
        """Our own write, whose answer was lost. Raises Stale if the id is another session's."""
        found = self._stored(session.id)
        if found is not None and found != session:
            raise Stale(f"{session.id} exists already")
        return found

    def _stored(self, session_id: str) -> Session | None:
        row = self._table.get(self._sessions, *session_key(session_id))
        return read(row, Session) if row is not None else None
