"""How people are told: the outbox, the topic, its subscriptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chalicelib.domain.alert import Alert
    from chalicelib.domain.instant import Instant
    from chalicelib.domain.subscription import Subscription
    from chalicelib.ports.pages import Page


class Alerts(Protocol):
    """The outbox: what people must be told, kept until it was."""

    def add(self, alert: Alert) -> bool:
        """False when an alert with its `dedupe_id` is there already (sent or not); then nothing is written."""

    def known(self, dedupe_ids: Iterable[str]) -> set[str]:
        """Those of them that are there, sent or not; strongly consistent."""

    def pending(self, limit: int) -> list[Alert]:
        """Not sent yet, oldest first."""

    def mark_sent(self, dedupe_id: str, at: Instant) -> None: ...

    def page(self, *, consumer: str | None, limit: int, cursor: str | None) -> Page[Alert]:
        """Newest first; of one consumer, or all. Raises Refusal 400 for a cursor that is not ours."""


class Notifier(Protocol):
    def publish(self, alert: Alert) -> None:
        """Hand it to everybody who subscribed. Raises ShopperError when it did not go out."""

    def subscribe(self, protocol: str, endpoint: str, consumer: str | None) -> str:
        """From its confirmation on, the endpoint hears the alerts of this consumer, or all; returns its name there.

        The same again is the same subscription, and asks the endpoint again where it has not confirmed. Raises Refusal
        for an endpoint that is not taken (400), or is told already on other terms (409); ShopperError.
        """

    def unsubscribe(self, arn: str) -> bool:
        """One that is not there any more is fine. False for one that is kept for now, since nobody has confirmed it.
        Raises ShopperError."""


class Subscriptions(Protocol):
    """Whose subscriptions there are."""

    def add(self, subscription: Subscription) -> None:
        """Raises Stale if there is one with its id."""

    def save(self, subscription: Subscription) -> None:
        """Raises Stale if it was removed."""

    def get(self, subscription_id: str) -> Subscription | None: ...

    def remove(self, subscription_id: str) -> None: ...

    def page(self, *, consumer: str | None, limit: int, cursor: str | None) -> Page[Subscription]:
        """Newest first; of one consumer, or all. Raises Refusal 400 for a cursor that is not ours."""
