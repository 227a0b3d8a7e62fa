"""Consumers and API keys in the table.

`CONSUMER#id / ROW`  limits, role, status; the usage counters, which only sessions move
`KEY#id / ROW`       the key's digest and whose it is
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from pynamodb.attributes import Attribute
from pynamodb.expressions.condition import Condition

from chalicelib.domain.access import Consumer, KeyRecord
from chalicelib.domain.errors import Stale
from chalicelib.domain.instant import Instant
from chalicelib.domain.money import Micros
from chalicelib.ports import Page
from chalicelib.store import cursors
from chalicelib.store.records import Rows, changes, read, values
from chalicelib.store.table import Table
from chalicelib.store.trouble import Lost

ROW = "ROW"

_COUNTERS = ("sessions", "committed_per_hour", "reserved", "booked")
_MONEY = ("budget", "period")
"""The budget, which has its own way in."""
_LISTED = "consumers"
_POSITION = re.compile(r"consumer:([!-~]{1,200})")


def consumer_key(consumer_id: str) -> tuple[str, str]:
    return f"CONSUMER#{consumer_id}", ROW


def same_budget(columns: Mapping[str, Attribute[Any]], consumer: Consumer) -> Condition:
    """The stored budget is still the one that this consumer was read with."""
    column = columns["budget"]
    same: Condition = column.does_not_exist() if consumer.budget is None else column == consumer.budget
    return same


def within_budget(columns: Mapping[str, Attribute[Any]], consumer: Consumer, more: Micros) -> Condition:
    """It is, and so much more may be set aside of it."""
    same = same_budget(columns, consumer)
    if consumer.budget is None or not consumer.budget.blocks:
        return same
    room: Condition = same & (columns["booked"] <= consumer.budget.limit - more)
    return room


def key_key(key_id: str) -> tuple[str, str]:
    return f"KEY#{key_id}", ROW


class DynamoAccess:
    """`Access`."""

    _consumers = Rows(Consumer)
    _keys = Rows(KeyRecord)

    def __init__(self, table: Table) -> None:
        self._table = table

    def consumer(self, consumer_id: str) -> Consumer | None:
        row = self._table.get(self._consumers, *consumer_key(consumer_id))
        return read(row, Consumer) if row is not None else None

    def put_consumer(self, consumer: Consumer, *, create: bool) -> None:
        stored = {name: value for name, value in values(consumer).items() if name not in _COUNTERS + _MONEY}
        actions = changes(self._consumers, {}, {**stored, "ix_feed": _LISTED, "ix_order": consumer.id})
        columns = self._consumers.get_attributes()
        actions += [columns[name].set(columns[name] | 0) for name in _COUNTERS]
        actions.append(columns["period"].set(columns["period"] | ""))
        condition = self._consumers.pk.does_not_exist() if create else None
        row = self._consumers(*consumer_key(consumer.id))
        try:
            self._table.run(lambda: row.update(actions, condition))
        except Lost as error:
            raise Stale(f"{consumer.id} exists already") from error

    def change_consumer(self, before: Consumer, after: Consumer) -> None:
        old, new = values(before), values(after)
        ours = [name for name in new if name not in _COUNTERS + _MONEY]
        actions = changes(self._consumers, {name: old[name] for name in ours}, {name: new[name] for name in ours})
        if actions:
            row = self._consumers(*consumer_key(before.id))
            self._table.run(lambda: row.update(actions, self._consumers.pk.exists()))

    def save_budget(self, before: Consumer, after: Consumer) -> None:
        columns = self._consumers.get_attributes()
        fields = (*_MONEY, "reserved", "booked")
        old = {name: value for name, value in values(before).items() if name in fields}
        new = {name: value for name, value in values(after).items() if name in fields}
        condition = self._consumers.pk.exists() & same_budget(columns, before)
        condition &= (columns["reserved"] == before.reserved) & (columns["booked"] == before.booked)
        condition &= columns["period"] == before.period
        actions = changes(self._consumers, old, new)
        row = self._consumers(*consumer_key(before.id))
        if not actions:
            return
        try:
            self._table.run(lambda: row.update(actions, condition))
        except Lost as error:
            raise Stale(f"the budget of {before.id} moved meanwhile") from error

    def consumers(self, limit: int, cursor: str | None) -> Page[Consumer]:
        after = cursors.decode(cursor, _POSITION).removeprefix("consumer:") if cursor is not None else None
        condition = self._consumers.ix_order > after if after is not None else None
        found = self._table.find(self._consumers, _LISTED, condition, index="feed", limit=limit + 1)
        rows = self._table.get_all(self._consumers, [(one.pk, one.sk) for one in found[:limit]])
        items = [read(row, Consumer) for row in rows]
        more = len(found) > limit
        return Page(items=items, next_cursor=cursors.encode(f"consumer:{items[-1].id}") if more else None)

    def key(self, key_id: str) -> KeyRecord | None:
        row = self._table.get(self._keys, *key_key(key_id))
        return read(row, KeyRecord) if row is not None else None

    def put_key(self, key: KeyRecord) -> None:
        listed = {"ix_owner": f"keys#{key.consumer}", "ix_order": f"{key.created_at:013d}#{key.id}"}
        actions = changes(self._keys, dict.fromkeys(key.__struct_fields__), {**values(key), **listed})
        row = self._keys(*key_key(key.id))
        self._table.run(lambda: row.update(actions))

    def touch_key(self, key_id: str, at: Instant) -> None:
        row = self._keys(*key_key(key_id))
        used = self._keys.get_attributes()["last_used_at"].set(at)
        with suppress(Lost):  # no such key: nothing to note
            self._table.run(lambda: row.update([used], self._keys.pk.exists()))

    def keys_of(self, consumer_id: str) -> list[KeyRecord]:
        found = self._table.find(self._keys, f"keys#{consumer_id}", index="owned")
        return [read(row, KeyRecord) for row in self._table.get_all(self._keys, [(one.pk, one.sk) for one in found])]
