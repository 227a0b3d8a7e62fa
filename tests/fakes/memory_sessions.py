"""Sessions in memory: the port's conditions held by a lock, O(live) where the sweeps look."""

from collections.abc import Iterator, Sequence
from threading import RLock

import msgspec

from chalicelib.domain import budget, quota
from chalicelib.domain.access import Consumer
from chalicelib.domain.errors import Refusal, Stale, invalid
from chalicelib.domain.heartbeat import busiest, ends_for_rest
from chalicelib.domain.instant import Instant
from chalicelib.domain.lease import earlier
from chalicelib.domain.pulse import Pulse
from chalicelib.domain.session import Event, Session, Status
from chalicelib.domain.turn import place
from chalicelib.ports import Admission, Page
from tests.fakes.memory_access import MemoryAccess

_BEAT = ("agent_mark", "last_heartbeat_at", "pulse", "gpu_util", "active_at")
"""What a heartbeat writes without a new version: a save leaves it alone unless it changes it itself."""


class MemorySessions:
    """`Sessions`. Structs are frozen, so what goes in comes out: nothing is copied."""

    def __init__(self, lock: RLock, access: MemoryAccess) -> None:
        self._lock = lock
        self._access = access
        self._rows: dict[str, Session] = {}
        self._live: dict[str, Session] = {}
        self.index: dict[str, tuple[Status, Instant]] = {}
        """(state, due) of each live one, as the table's index `due` has it."""
        self._unsettled: dict[str, Session] = {}
        self._events: dict[str, list[Event]] = {}
        self._replays: dict[tuple[str, str], tuple[str, str, Instant]] = {}

    def open(self, session: Session, event: Event, admission: Admission) -> Session:
        with self._lock:
            consumer = self._access.consumer(admission.consumer.id)
            key = self._access.key(admission.key_id) if admission.key_id is not None else None
            if consumer is None or not consumer.active:
                raise quota.not_active()
            if admission.key_id is not None and (key is None or key.revoked_at is not None):
                raise quota.not_active()
            replay = (consumer.id, admission.idempotency_key or "")
            body_hash, first, expires_at = self._replays.get(replay, ("", "", 0))
            if expires_at > session.created_at:
                if body_hash != admission.body_hash:
                    raise quota.conflict()
                return self._rows[first]
            landed = self._rows.get(session.id)
            if landed is not None:
                if landed != session:
                    raise Stale(f"{session.id} exists already")
                return landed
            refusal = quota.exceeded(consumer, session.held_per_hour)
            refusal = refusal or budget.exceeded(consumer.budget, consumer.booked, session.hold)
            if refusal is not None:
                raise refusal
            if admission.idempotency_key is not None:
                self._replays[replay] = (admission.body_hash, session.id, admission.idempotency_expires_at)
            self._access.hold(consumer.id, 1, session.held_per_hour)
            self._access.reserve(consumer.id, session.hold, session.hold)
            self._put(session)
            self._events[session.id] = [event]
            return session

    def replayed(self, consumer_id: str, idempotency_key: str, body_hash: str, now: Instant) -> Session | None:
        known_hash, first, expires_at = self._replays.get((consumer_id, idempotency_key), ("", "", 0))
        if expires_at <= now:
            return None
        if known_hash != body_hash:
            raise quota.conflict()
        return self._rows[first]

    def get(self, session_id: str) -> Session | None:
        return self._rows.get(session_id)

    def save(self, before: Session, after: Session, event: Event | None = None) -> Session:
        with self._lock:
            row = self._rows.get(before.id)
            heard = row is not None and ends_for_rest(before, after) and row.active_at != before.active_at
            if row is None or row.version != before.version or heard:
                raise Stale(f"{before.id} is no longer at version {before.version}")
            saved = _beside_beats(row, before, after)
            (sessions, price), (sessions_now, price_now) = quota.held(before), quota.held(saved)
            self._access.hold(saved.consumer, sessions_now - sessions, price_now - price)
            self._put(saved)
            if event is not None:
                self._events[saved.id].append(event)
            return saved

    def beat(self, session_id: str, mark: str, pulse: Pulse, at: Instant, active: bool) -> bool:
        with self._lock:
            row = self._rows.get(session_id)
            first, last = earlier(mark)
            if row is None or row.final or not first <= (row.agent_mark or "") <= last:
                return False
            heard = msgspec.structs.replace(
                row, agent_mark=mark, last_heartbeat_at=at, pulse=pulse, gpu_util=busiest(pulse),
                active_at=at if active else row.active_at,
            )  # fmt: skip
            self._put(heard)
            return True

    def check_holds(self, sessions: Sequence[Session]) -> None:
        """Raises Stale if one has another hold by now."""
        rows = [self._rows.get(session.id) for session in sessions]
        if any(row is None or row.hold != known.hold for row, known in zip(rows, sessions, strict=True)):
            raise Stale("a hold moved meanwhile")

    def save_all(self, saves: Sequence[tuple[Session, Session]], refusal: Refusal | None) -> None:
        """All of them, or Stale and none; or, if they are as read, the refusal."""
        with self._lock:
            for before, _ in saves:
                row = self._rows.get(before.id)
                if row is None or row.version != before.version:
                    raise Stale(f"{before.id} is no longer at version {before.version}")
            if refusal is not None:
                raise refusal
            for before, after in saves:
                self._put(_beside_beats(self._rows[before.id], before, after))

    def unsettled(self, limit: int = 100) -> list[Session]:
        with self._lock:
            found = list(self._unsettled.values())
        return sorted(found, key=lambda session: (session.ended_at or 0, session.id))[:limit]

    def live_of(self, consumer: Consumer) -> list[Session]:
        with self._lock:
            return [session for session in self._live.values() if session.consumer == consumer.id]

    def due(self, statuses: Sequence[Status], before: Instant, limit: int = 100) -> list[Session]:
        with self._lock:
            found = []
            for session_id, (status, due_at) in self.index.items():
                if due_at <= before and status in statuses:
                    found.append((due_at, session_id, self._live[session_id]))
        found.sort()
        return [session for _, _, session in found[:limit]]

    def live(self, provider: str | None = None, after: str | None = None) -> Iterator[Session]:
        with self._lock:
            found = sorted(self._live.values(), key=place)
        if after is not None:
            found = [session for session in found if place(session) > after]
        return (session for session in found if provider in (None, _attempted_at(session)))

    def page(
        self,
        *,
        consumer: str | None,
        statuses: Sequence[Status] | None,
        provider: str | None,
        limit: int,
        cursor: str | None,
    ) -> Page[Session]:
        below = _position(cursor) if cursor is not None else None
        with self._lock:
            matching = [
                session
                for session in self._rows.values()
                if (consumer is None or session.consumer == consumer)
                and (statuses is None or session.status in statuses)
                and provider in (None, _attempted_at(session) or session.wanted.provider)
                and (below is None or (session.created_at, session.id) < below)
            ]
        matching.sort(key=lambda session: (session.created_at, session.id), reverse=True)
        items = matching[:limit]
        more = len(matching) > limit
        return Page(items=items, next_cursor=f"{items[-1].created_at}~{items[-1].id}" if more else None)

    def events(self, session_id: str) -> list[Event]:
        with self._lock:
            return list(self._events.get(session_id, ()))

    def _put(self, session: Session) -> None:
        self._rows[session.id] = session
        if session.final:
            self._live.pop(session.id, None)
            self.index.pop(session.id, None)
            if session.settled_at is None:
                self._unsettled[session.id] = session
            else:
                self._unsettled.pop(session.id, None)
        else:
            self._live[session.id] = session
            self.index[session.id] = (session.status, session.due_at or 0)


def _beside_beats(row: Session, before: Session, after: Session) -> Session:
    if row is before:
        return msgspec.structs.replace(after, version=before.version + 1)
    unwritten = {name: getattr(row, name) for name in _BEAT if getattr(after, name) == getattr(before, name)}
    return msgspec.structs.replace(after, version=before.version + 1, **unwritten)


def _attempted_at(session: Session) -> str | None:
    return session.attempt.offer.provider if session.attempt else None


def _position(cursor: str) -> tuple[Instant, str]:
    at, tilde, session_id = cursor.partition("~")
    if not tilde or not at.isdecimal():
        raise invalid("cursor", "not a cursor of this list", code="invalid_cursor")
    return int(at), session_id
