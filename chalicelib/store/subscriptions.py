"""Subscriptions in the table.

`SUBSCRIPTION#id / ROW`   one endpoint; in `owned` for its consumer, in `feed` for operators
"""

import re

from chalicelib.domain.errors import Stale
from chalicelib.domain.subscription import Subscription
from chalicelib.ports import Page
from chalicelib.store import cursors
from chalicelib.store.records import Rows, changes, read, values
from chalicelib.store.table import Row, Table
from chalicelib.store.trouble import Lost

_ROW = "ROW"
_ALL = "subscriptions"
_POSITION = re.compile(r"\d{13}#[0-9a-f]{20}")


class DynamoSubscriptions:
    """`Subscriptions`."""

    _rows = Rows(Subscription)

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, subscription: Subscription) -> None:
        listed = {"ix_feed": _ALL, "ix_order": f"{subscription.created_at:013d}#{subscription.id}"}
        if subscription.consumer is not None:
            listed["ix_owner"] = f"subscriptions#{subscription.consumer}"
        actions = changes(self._rows, {}, {**values(subscription), **listed})
        row = self._row(subscription.id)
        try:
            self._table.run(lambda: row.update(actions, self._rows.pk.does_not_exist()))
        except Lost as error:
            raise Stale(f"{subscription.id} exists already") from error

    def save(self, subscription: Subscription) -> None:
        actions = changes(self._rows, {}, values(subscription))
        row = self._row(subscription.id)
        try:
            self._table.run(lambda: row.update(actions, self._rows.pk.exists()))
        except Lost as error:
            raise Stale(f"{subscription.id} was removed") from error

    def get(self, subscription_id: str) -> Subscription | None:
        row = self._table.get(self._rows, f"SUBSCRIPTION#{subscription_id}", _ROW)
        return read(row, Subscription) if row is not None else None

    def remove(self, subscription_id: str) -> None:
        self._table.run(lambda: self._row(subscription_id).delete())

    def page(self, *, consumer: str | None, limit: int, cursor: str | None) -> Page[Subscription]:
        below = None if cursor is None else self._rows.ix_order < cursors.decode(cursor, _POSITION)
        index, key = ("feed", _ALL) if consumer is None else ("owned", f"subscriptions#{consumer}")
        found = self._table.find(self._rows, key, below, index=index, newest_first=True, limit=limit + 1)
        rows = self._table.get_all(self._rows, [(one.pk, one.sk) for one in found[:limit]])
        more = len(found) > limit
        return Page(
            items=[read(row, Subscription) for row in rows],
            next_cursor=cursors.encode(found[limit - 1].ix_order) if more else None,
        )

    def _row(self, subscription_id: str) -> Row:
        return self._rows(f"SUBSCRIPTION#{subscription_id}", _ROW)
