"""Consumers and keys in memory."""

from threading import RLock

import msgspec

from chalicelib.domain.access import Consumer, KeyRecord
from chalicelib.domain.errors import Stale, invalid
from chalicelib.domain.instant import Instant
from chalicelib.domain.money import Micros
from chalicelib.ports import Page

_CURSOR = "after:"


class MemoryAccess:
    """`Access`; `hold` moves the usage counters, which is the sessions' business alone."""

    def __init__(self, lock: RLock) -> None:
        self._lock = lock
        self._consumers: dict[str, Consumer] = {}
        self._keys: dict[str, KeyRecord] = {}

    def consumer(self, consumer_id: str) -> Consumer | None:
        return self._consumers.get(consumer_id)

    def put_consumer(self, consumer: Consumer, *, create: bool) -> None:
        with self._lock:
            known = self._consumers.get(consumer.id)
            if known is not None and create:
                raise Stale(f"{consumer.id} exists already")
            self._consumers[consumer.id] = msgspec.structs.replace(
                consumer,
                sessions=known.sessions if known else 0,
                committed_per_hour=known.committed_per_hour if known else 0,
                budget=known.budget if known else None,
                period=known.period if known else "",
                reserved=known.reserved if known else 0,
                booked=known.booked if known else 0,
            )

    def change_consumer(self, before: Consumer, after: Consumer) -> None:
        with self._lock:
            names = ("role", "max_sessions", "max_price_per_hour", "active")
            moved = {name: getattr(after, name) for name in names if getattr(after, name) != getattr(before, name)}
            self._consumers[before.id] = msgspec.structs.replace(self._consumers[before.id], **moved)

    def save_budget(self, before: Consumer, after: Consumer) -> None:
        with self._lock:
            known = self._consumers.get(before.id)
            if known is None or _money(known) != _money(before):
                raise Stale(f"the budget of {before.id} moved meanwhile")
            self._consumers[before.id] = msgspec.structs.replace(
                known, budget=after.budget, period=after.period, reserved=after.reserved, booked=after.booked
            )

    def consumers(self, limit: int, cursor: str | None) -> Page[Consumer]:
        if cursor is not None and not cursor.startswith(_CURSOR):
            raise invalid("cursor", "not a cursor of this list", code="invalid_cursor")
        after = (cursor or _CURSOR).removeprefix(_CURSOR)
        with self._lock:
            found = sorted((c for c in self._consumers.values() if c.id > after), key=lambda c: c.id)
        items = found[:limit]
        return Page(items=items, next_cursor=_CURSOR + items[-1].id if len(found) > limit else None)

    def key(self, key_id: str) -> KeyRecord | None:
        return self._keys.get(key_id)

    def put_key(self, key: KeyRecord) -> None:
        with self._lock:
            self._keys[key.id] = key

    def touch_key(self, key_id: str, at: Instant) -> None:
        with self._lock:
            if key_id in self._keys:
                self._keys[key_id] = msgspec.structs.replace(self._keys[key_id], last_used_at=at)

    def keys_of(self, consumer_id: str) -> list[KeyRecord]:
        with self._lock:
            found = [key for key in self._keys.values() if key.consumer == consumer_id]
        return sorted(found, key=lambda key: (key.created_at, key.id))

    def reserve(self, consumer_id: str, reserved: Micros, booked: Micros) -> None:
        consumer = self._consumers.get(consumer_id)
        if consumer is not None and (reserved or booked):
            self._consumers[consumer_id] = msgspec.structs.replace(
                consumer, reserved=consumer.reserved + reserved, booked=consumer.booked + booked
            )

    def hold(self, consumer_id: str, sessions: int, price: Micros) -> None:
        consumer = self._consumers.get(consumer_id)
        if consumer is not None and (sessions or price):
            self._consumers[consumer_id] = msgspec.structs.replace(
                consumer,
                sessions=consumer.sessions + sessions,
                committed_per_hour=consumer.committed_per_hour + price,
            )


def _money(consumer: Consumer) -> tuple[object, ...]:
    return consumer.budget, consumer.period, consumer.reserved, consumer.booked
