"""The outbox and the topic in memory."""

import msgspec

from chalicelib.domain.alert import Alert
from chalicelib.domain.errors import StoreDown, invalid
from chalicelib.domain.instant import Instant
from chalicelib.ports import Page


class MemoryAlerts:
    """`Alerts`."""

    def __init__(self) -> None:
        self.rows: dict[str, Alert] = {}

    def add(self, alert: Alert) -> bool:
        if alert.dedupe_id in self.rows:
            return False
        self.rows[alert.dedupe_id] = alert
        return True

    def pending(self, limit: int) -> list[Alert]:
        waiting = [alert for alert in self.rows.values() if alert.sent_at is None]
        return sorted(waiting, key=lambda alert: (alert.at, alert.dedupe_id))[:limit]

    def mark_sent(self, dedupe_id: str, at: Instant) -> None:
        self.rows[dedupe_id] = msgspec.structs.replace(self.rows[dedupe_id], sent_at=at)

    def page(self, *, consumer: str | None, limit: int, cursor: str | None) -> Page[Alert]:
        found = [a for a in self.rows.values() if consumer is None or a.consumer == consumer]
        found.sort(key=lambda alert: (alert.at, alert.dedupe_id), reverse=True)
        if cursor is not None and not cursor.isdecimal():
            raise invalid("cursor", "not a cursor of this list", code="invalid_cursor")
        start = int(cursor or 0)
        more = len(found) > start + limit
        return Page(items=found[start : start + limit], next_cursor=str(start + limit) if more else None)


class MemoryNotifier:
    """`Notifier`; `sent` holds what went out, `down` keeps it from going."""

    def __init__(self) -> None:
        self.sent: list[Alert] = []
        self.down = False

    def publish(self, alert: Alert) -> None:
        if self.down:
            raise StoreDown("the topic is down")
        self.sent.append(alert)
