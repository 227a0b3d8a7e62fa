"""The outbox and the topic in memory."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec

from chalicelib.domain.alert import Alert
from chalicelib.domain.errors import Refusal, Stale, StoreDown, invalid
from chalicelib.domain.instant import Instant
from chalicelib.domain.subscription import Subscription
from chalicelib.ports import Page

T = TypeVar("T", Alert, Subscription)


class MemoryAlerts:
    """`Alerts`."""

    def __init__(self) -> None:
        self.rows: dict[str, Alert] = {}

    def add(self, alert: Alert) -> bool:
        if alert.dedupe_id in self.rows:
            return False
        self.rows[alert.dedupe_id] = alert
        return True

    def known(self, dedupe_ids: Iterable[str]) -> set[str]:
        return {one for one in dedupe_ids if one in self.rows}

    def pending(self, limit: int) -> list[Alert]:
        waiting = [alert for alert in self.rows.values() if alert.sent_at is None]
        return sorted(waiting, key=lambda alert: (alert.at, alert.dedupe_id))[:limit]

    def mark_sent(self, dedupe_id: str, at: Instant) -> None:
        if dedupe_id not in self.rows:
            raise Stale(f"there is no alert {dedupe_id}")
        self.rows[dedupe_id] = msgspec.structs.replace(self.rows[dedupe_id], sent_at=at)

    def page(self, *, consumer: str | None, limit: int, cursor: str | None) -> Page[Alert]:
        return _paged(self.rows.values(), lambda alert: (alert.at, alert.dedupe_id), consumer, limit, cursor)


class MemorySubscriptions:
    """`Subscriptions`."""

    def __init__(self) -> None:
        self.rows: dict[str, Subscription] = {}

    def add(self, subscription: Subscription) -> None:
        if subscription.id in self.rows:
            raise Stale(f"{subscription.id} exists already")
        self.rows[subscription.id] = subscription

    def save(self, subscription: Subscription) -> None:
        if subscription.id not in self.rows:
            raise Stale(f"{subscription.id} was removed")
        self.rows[subscription.id] = subscription

    def get(self, subscription_id: str) -> Subscription | None:
        return self.rows.get(subscription_id)

    def remove(self, subscription_id: str) -> None:
        self.rows.pop(subscription_id, None)

    def page(self, *, consumer: str | None, limit: int, cursor: str | None) -> Page[Subscription]:
        return _paged(self.rows.values(), lambda one: (one.created_at, one.id), consumer, limit, cursor)


class MemoryNotifier:
    """`Notifier`; `sent` holds what went out, `down` keeps it from going, `pending` are those not confirmed yet that it
    does not let go of, and `asked` counts the mails."""

    def __init__(self) -> None:
        self.sent: list[Alert] = []
        self.subscribed: dict[str, tuple[str, str | None]] = {}
        self.pending: set[str] = set()
        self.asked = 0
        self.down = False

    def subscribe(self, protocol: str, endpoint: str, consumer: str | None) -> str:
        if self.down:
            raise StoreDown("the topic is down")
        name = f"{protocol}:{endpoint}"
        if self.subscribed.get(name, (endpoint, consumer)) != (endpoint, consumer):
            raise Refusal(409, "subscription_exists", "endpoint: told already on other terms", field="endpoint")
        self.asked += 1
        self.subscribed[name] = endpoint, consumer
        return name

    def unsubscribe(self, arn: str) -> bool:
        if self.down:
            raise StoreDown("the topic is down")
        if arn in self.subscribed and arn in self.pending:
            return False
        self.subscribed.pop(arn, None)
        return True

    def publish(self, alert: Alert) -> None:
        if self.down:
            raise StoreDown("the topic is down")
        self.sent.append(alert)


def _paged(
    rows: Iterable[T], place: Callable[[T], tuple[Instant, str]], consumer: str | None, limit: int, cursor: str | None
) -> Page[T]:
    """Newest first, from below the place that the cursor names."""
    below: tuple[Instant, str] | None = None
    if cursor is not None:
        at, tilde, name = cursor.partition("~")
        if not tilde or not at.isdecimal():
            raise invalid("cursor", "not a cursor of this list", code="invalid_cursor")
        below = int(at), name
    found = [one for one in rows if consumer is None or one.consumer == consumer]
    found = sorted((one for one in found if below is None or place(one) < below), key=place, reverse=True)
    last = "{}~{}".format(*place(found[limit - 1])) if len(found) > limit else None
    return Page(items=found[:limit], next_cursor=last)
