"""The outbox in the table.

`ALERT#dedupe id / ROW`   one alert; in the index `due` under `alerts` until it was sent, in `owned` for its consumer,
                          and in `feed` for operators
"""

import re
from collections.abc import Iterable

from pynamodb.attributes import UnicodeAttribute

from chalicelib.domain.alert import Alert
from chalicelib.domain.errors import Stale
from chalicelib.domain.instant import Instant, Millis
from chalicelib.ports import Page
from chalicelib.store import cursors
from chalicelib.store.records import Rows, changes, read, values
from chalicelib.store.table import Row, Table
from chalicelib.store.trouble import Lost

_ROW = "ROW"
_WAITING = "alerts"
_ALL = "alerts"
_POSITION = re.compile(r"\d{13}#[!-~]{1,200}")


class DynamoAlerts:
    """`Alerts`. `retention`: how long an alert is kept, sent or not."""

    _rows = Rows(Alert)

    def __init__(self, table: Table, retention: Millis) -> None:
        self._table = table
        self._retention = retention

    def add(self, alert: Alert) -> bool:
        listed: dict[str, object] = {
            "ix_due": _WAITING,
            "ix_due_at": alert.at,
            "ix_feed": _ALL,
            "ix_order": f"{alert.at:013d}#{alert.dedupe_id}",
            "ttl": (alert.at + self._retention) // 1000,
        }
        if alert.consumer is not None:
            listed["ix_owner"] = f"alerts#{alert.consumer}"
        actions = changes(self._rows, {}, {**values(alert), **listed})
        try:
            self._table.run(lambda: self._row(alert.dedupe_id).update(actions, self._rows.pk.does_not_exist()))
        except Lost:
            return False
        return True

    def known(self, dedupe_ids: Iterable[str]) -> set[str]:
        rows = self._table.get_all(self._rows, ((f"ALERT#{one}", _ROW) for one in dedupe_ids))
        return {str(row.pk).removeprefix("ALERT#") for row in rows}

    def pending(self, limit: int) -> list[Alert]:
        found = self._table.find(self._rows, _WAITING, index="due", limit=limit)
        rows = self._table.get_all(self._rows, [(one.pk, one.sk) for one in found])
        return [alert for row in rows if (alert := read(row, Alert)).sent_at is None]

    def mark_sent(self, dedupe_id: str, at: Instant) -> None:
        actions = changes(self._rows, {"ix_due": 0, "ix_due_at": 0}, {"sent_at": at})
        try:
            self._table.run(lambda: self._row(dedupe_id).update(actions, self._rows.pk.exists()))
        except Lost as error:
            raise Stale(f"there is no alert {dedupe_id}") from error

    def page(self, *, consumer: str | None, limit: int, cursor: str | None) -> Page[Alert]:
        order: UnicodeAttribute = self._rows.ix_order
        below = None if cursor is None else order < cursors.decode(cursor, _POSITION)
        index, key = ("feed", _ALL) if consumer is None else ("owned", f"alerts#{consumer}")
        found = self._table.find(self._rows, key, below, index=index, newest_first=True, limit=limit + 1)
        rows = self._table.get_all(self._rows, [(one.pk, one.sk) for one in found[:limit]])
        items = [read(row, Alert) for row in rows]
        more = len(found) > limit
        return Page(items=items, next_cursor=cursors.encode(found[limit - 1].ix_order) if more else None)

    def _row(self, dedupe_id: str) -> Row:
        return self._rows(f"ALERT#{dedupe_id}", _ROW)
