"""Sessions in the table: every write on condition of the version, every read from the row itself."""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec
from pynamodb.attributes import Attribute
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from chalicelib.domain import quota
from chalicelib.domain.access import Consumer
from chalicelib.domain.errors import Stale
from chalicelib.domain.heartbeat import busiest, ends_for_rest
from chalicelib.domain.instant import Instant, Millis
from chalicelib.domain.lease import earlier
from chalicelib.domain.pulse import Pulse
from chalicelib.domain.session import FINAL, LIVE, Event, Session, Status
from chalicelib.domain.turn import place_of
from chalicelib.ports import Admission, Page
from chalicelib.store import cursors
from chalicelib.store.access import ROW, consumer_key
from chalicelib.store.feeds import Feeds
from chalicelib.store.records import Rows, changes, read
from chalicelib.store.session_rows import (
    EVENT,
    UNSETTLED,
    event_key,
    order,
    readable,
    session_id,
    session_key,
    stored,
    stored_event,
)
from chalicelib.store.table import BATCH, Table
from chalicelib.store.trouble import Lost

if TYPE_CHECKING:
    from chalicelib.store.openings import Openings

_POSITION = re.compile(r"\d{13}#[a-z0-9-]{1,100}")


class DynamoSessions:
    """`Sessions`. `retention`: how long a final session is kept."""

    _rows = Rows(Session)
    _events = Rows(Event)
    _consumers = Rows(Consumer)

    def __init__(self, table: Table, retention: Millis) -> None:
        self._table = table
        self._retention = retention
        self._feeds = Feeds(table)

    @cached_property
    def _openings(self) -> "Openings":
        from chalicelib.store.openings import Openings  # few functions open sessions

        return Openings(self._table, self._retention)

    def open(self, session: Session, event: Event, admission: Admission) -> Session:
        self._feeds.register(session)
        return self._openings.open(session, event, admission)

    def replayed(self, consumer_id: str, idempotency_key: str, body_hash: str, now: Instant) -> Session | None:
        return self._openings.replayed(consumer_id, idempotency_key, body_hash, now)

    def get(self, session_id: str) -> Session | None:
        row = self._table.get(self._rows, *session_key(session_id))
        return read(row, Session) if row is not None else None

    def save(self, before: Session, after: Session, event: Event | None = None) -> Session:
        saved = msgspec.structs.replace(after, version=before.version + 1)
        (sessions, price), (sessions_now, price_now) = quota.held(before), quota.held(saved)
        row = self._rows(*session_key(before.id))
        actions = changes(self._rows, stored(before, self._retention), stored(saved, self._retention))
        columns = self._rows.get_attributes()
        unchanged = columns["version"] == before.version
        if ends_for_rest(before, after):
            active, seen = columns["active_at"], before.active_at
            unchanged &= active.does_not_exist() if seen is None else active == seen

        def build(transaction: TransactWrite) -> None:
            transaction.update(row, actions, unchanged)
            if event is not None:
                key = event_key(saved.id, saved.version)
                line = self._events(*key, **stored_event(event, self._retention))
                transaction.save(line, self._events.pk.does_not_exist())
            if (sessions, price) != (sessions_now, price_now):
                counters = self._consumers.get_attributes()
                given: list[Action] = [
                    counters["sessions"].add(sessions_now - sessions),
                    counters["committed_per_hour"].add(price_now - price),
                ]
                transaction.update(self._consumers(*consumer_key(saved.consumer)), given)

        try:
            if event is None and (sessions, price) == (sessions_now, price_now):
                self._table.run(lambda: row.update(actions, unchanged))
            else:
                self._table.transact(build)
        except Lost as error:
            raise Stale(f"{before.id} is no longer at version {before.version}") from error
        return saved

    def unsettled(self, limit: int = 100) -> list[Session]:
        found = self._table.find(self._rows, UNSETTLED, index="due", limit=limit)
        rows = self._table.get_all(self._rows, [(one.pk, one.sk) for one in found])
        return [session for session in readable(rows) if session.final and session.settled_at is None]

    def live_of(self, consumer: Consumer) -> list[Session]:
        found: list[Session] = []
        for session in self._feeds.newest(consumer.id, None, BATCH) if consumer.sessions else ():
            if not session.final:
                found.append(session)
            if len(found) >= consumer.sessions:
                break
        return found

    def beat(self, session_id: str, mark: str, pulse: Pulse, at: Instant, active: bool) -> bool:
        columns = self._rows.get_attributes()
        actions: list[Action] = [columns["agent_mark"].set(mark), columns["last_heartbeat_at"].set(at)]
        actions += [columns["pulse"].set(pulse), _set_or_remove(columns["gpu_util"], busiest(pulse))]
        if active:
            actions.append(columns["active_at"].set(at))
        news = columns["agent_mark"].between(*earlier(mark)) & ~columns["status"].is_in(*FINAL)
        row = self._rows(*session_key(session_id))
        try:
            self._table.run(lambda: row.update(actions, news))
        except Lost:
            return False
        return True

    def due(self, statuses: Sequence[Status], before: Instant, limit: int = 100) -> list[Session]:
        found: dict[str, tuple[Instant, tuple[str, str]]] = {}
        for status in dict.fromkeys(statuses):
            late = self._rows.ix_due_at <= before
            for row in self._table.find(self._rows, status.value, late, index="due", limit=limit):
                found[row.pk] = (int(row.ix_due_at), (row.pk, row.sk))
        keys = [key for _, key in sorted(found.values())[:limit]]
        sessions = list(readable(self._table.get_all(self._rows, keys)))
        # The index lags: what the row itself no longer says is not due.
        still = [(s.due_at, s.id, s) for s in sessions if s.status in statuses and s.due_at is not None]
        return [session for due_at, _, session in sorted(still, key=lambda one: one[:2]) if due_at <= before]

    def live(self, provider: str | None = None, after: str | None = None) -> Iterator[Session]:
        seen: set[str] = set()
        # States only move forward, and are asked for in that order: what moves meanwhile is met again, not missed.
        for status in LIVE:
            places = self._places(status)
            # One that moves on between two pages of the index is on both.
            new = dict.fromkeys(pk for place, pk in places if (after is None or place > after) and pk not in seen)
            seen.update(new)
            for session in readable(self._table.get_all(self._rows, ((pk, ROW) for pk in new))):
                if not session.final and provider in (None, _attempted_at(session)):
                    yield session

    def _places(self, status: Status) -> list[tuple[str, str]]:
        """(place, pk) of each in this state, in order. Of a hundred thousand no more than that is held at a time."""
        found = self._table.run(
            lambda: [(int(row.ix_due_at), str(row.pk)) for row in self._rows.query(status.value, index_name="due")]
        )
        return sorted((place_of(status, due_at, session_id(pk)), pk) for due_at, pk in found)

    def page(
        self,
        *,
        consumer: str | None,
        statuses: Sequence[Status] | None,
        provider: str | None,
        limit: int,
        cursor: str | None,
    ) -> Page[Session]:
        below = cursors.decode(cursor, _POSITION) if cursor is not None else None
        found: list[Session] = []
        for session in self._newest(consumer, statuses, provider, limit, below):
            if (statuses is None or session.status in statuses) and provider in (None, _provider(session)):
                found.append(session)
            if len(found) > limit:
                return Page(items=found[:limit], next_cursor=cursors.encode(order(found[limit - 1])))
        return Page(items=found, next_cursor=None)

    def _newest(
        self,
        consumer: str | None,
        statuses: Sequence[Status] | None,
        provider: str | None,
        limit: int,
        below: str | None,
    ) -> Iterator[Session]:
        """Candidates for a page, newest first, by the way that reads the fewest rows."""
        if consumer is None and statuses is not None and not set(statuses) & set(FINAL):
            live = (session for session in self.live() if below is None or order(session) < below)
            return iter(sorted(live, key=order, reverse=True))
        # One row more than asked for tells whether there is more; behind a filter nobody knows how many it takes.
        unfiltered = statuses is None and provider is None
        return self._feeds.newest(consumer, below, batch=limit + 1 if unfiltered else BATCH)

    def events(self, session_id: str) -> list[Event]:
        pk, _ = session_key(session_id)
        return [read(row, Event) for row in self._table.find(self._events, pk, self._events.sk.startswith(EVENT))]


def _set_or_remove(column: Attribute[Any], value: float | None) -> Action:
    return column.remove() if value is None else column.set(value)


def _attempted_at(session: Session) -> str | None:
    return session.attempt.offer.provider if session.attempt else None


def _provider(session: Session) -> str:
    """Where it is, or is about to be tried first."""
    return _attempted_at(session) or session.wanted.provider
