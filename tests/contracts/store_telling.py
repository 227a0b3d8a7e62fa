"""The contract of `Alerts`, the outbox, and of `Subscriptions`."""

from collections.abc import Callable
from typing import TypeVar

import msgspec
import pytest

from chalicelib.domain.alert import Alert, Kind
from chalicelib.domain.errors import Refusal, Stale
from chalicelib.domain.subscription import Subscription
from chalicelib.ports import Page
from tests.builders import NOW
from tests.contracts.store import AnyStore

T = TypeVar("T")

FOREIGN = ["x", "ä", "AAAA", "MTc5MDAwMDAwMDAwMA", "e30", "9" * 3000]


def an_alert(number: int = 1, **changes: object) -> Alert:
    alert = Alert(
        dedupe_id=f"c-ada:2026-09:0.{number}", kind=Kind.BUDGET, at=NOW + number, detail="half of it is spent: ü",
        consumer="c-ada", period="2026-09", threshold=0.5,
    )  # fmt: skip
    return msgspec.structs.replace(alert, **changes)


def a_subscription(number: int = 1, **changes: object) -> Subscription:
    subscription = Subscription(
        id=f"{number:020x}", protocol="https", endpoint=f"https://example.com/{number}", consumer="c-ada",
        created_at=NOW + number,
    )  # fmt: skip
    return msgspec.structs.replace(subscription, **changes)


def walked(page: Callable[[str | None], Page[T]]) -> list[list[T]]:
    """All pages, to the end."""
    found = [page(None)]
    while found[-1].next_cursor is not None:
        found.append(page(found[-1].next_cursor))
    return [one.items for one in found]


class AlertsContract:
    def test_an_alert_is_added_once_and_stays_as_it_was(self, store: AnyStore) -> None:
        assert store.alerts.add(an_alert())
        assert not store.alerts.add(an_alert(detail="told anew", at=NOW + 9))
        assert store.alerts.pending(10) == [an_alert()]

    def test_what_is_known_is_known_sent_or_not(self, store: AnyStore) -> None:
        for number in (1, 2):
            store.alerts.add(an_alert(number))
        store.alerts.mark_sent(an_alert(1).dedupe_id, NOW)
        ids = [an_alert(number).dedupe_id for number in (3, 2, 1)]
        assert store.alerts.known(ids) == set(ids[1:])
        assert store.alerts.known([]) == set()

    def test_the_oldest_wait_first_and_what_was_sent_waits_no_more(self, store: AnyStore) -> None:
        for number in (3, 1, 2):
            store.alerts.add(an_alert(number))
        assert store.alerts.pending(2) == [an_alert(1), an_alert(2)]
        store.alerts.mark_sent(an_alert(1).dedupe_id, NOW + 7)
        assert store.alerts.pending(10) == [an_alert(2), an_alert(3)]
        assert not store.alerts.add(an_alert(1))
        found = store.alerts.page(consumer="c-ada", limit=10, cursor=None).items
        assert found == [an_alert(3), an_alert(2), an_alert(1, sent_at=NOW + 7)]

    def test_what_is_not_there_cannot_have_been_sent(self, store: AnyStore) -> None:
        with pytest.raises(Stale):
            store.alerts.mark_sent("c-ada:2026-09:0.9", NOW)
        assert store.alerts.pending(10) == []

    def test_a_consumer_reads_their_own_alone_and_operators_all_newest_first(self, store: AnyStore) -> None:
        own = [an_alert(number) for number in range(1, 6)]
        others = an_alert(6, consumer="c-bob"), an_alert(7, consumer=None)
        for alert in (*own, *others):
            store.alerts.add(alert)
        pages = walked(lambda cursor: store.alerts.page(consumer="c-ada", limit=2, cursor=cursor))
        assert pages == [[own[4], own[3]], [own[2], own[1]], [own[0]]]
        pages = walked(lambda cursor: store.alerts.page(consumer=None, limit=4, cursor=cursor))
        assert pages == [[*others[::-1], own[4], own[3]], own[2::-1]]

    @pytest.mark.parametrize("cursor", FOREIGN)
    def test_a_cursor_that_is_not_ours_is_refused(self, store: AnyStore, cursor: str) -> None:
        with pytest.raises(Refusal) as refused:
            store.alerts.page(consumer=None, limit=1, cursor=cursor)
        assert (refused.value.status, refused.value.code) == (400, "invalid_cursor")


class SubscriptionsContract:
    def test_a_subscription_is_added_once_saved_and_removed(self, store: AnyStore) -> None:
        store.subscriptions.add(a_subscription())
        with pytest.raises(Stale):
            store.subscriptions.add(a_subscription(endpoint="https://example.com/other"))
        assert store.subscriptions.get(a_subscription().id) == a_subscription()
        named = a_subscription(arn="arn:aws:sns:eu-central-1:123456789012:topic:1")
        store.subscriptions.save(named)
        assert store.subscriptions.get(named.id) == named
        store.subscriptions.remove(named.id)
        store.subscriptions.remove(named.id)
        assert store.subscriptions.get(named.id) is None
        with pytest.raises(Stale):
            store.subscriptions.save(named)
        assert store.subscriptions.page(consumer=None, limit=5, cursor=None) == Page(items=[], next_cursor=None)

    def test_a_consumer_reads_their_own_alone_and_operators_all_newest_first(self, store: AnyStore) -> None:
        own = [a_subscription(number) for number in range(1, 4)]
        other = a_subscription(4, consumer=None)
        for one in (*own, other):
            store.subscriptions.add(one)
        pages = walked(lambda cursor: store.subscriptions.page(consumer="c-ada", limit=2, cursor=cursor))
        assert pages == [[own[2], own[1]], [own[0]]]
        pages = walked(lambda cursor: store.subscriptions.page(consumer=None, limit=3, cursor=cursor))
        assert pages == [[other, own[2], own[1]], [own[0]]]

    @pytest.mark.parametrize("cursor", FOREIGN)
    def test_a_cursor_that_is_not_ours_is_refused(self, store: AnyStore, cursor: str) -> None:
        with pytest.raises(Refusal) as refused:
            store.subscriptions.page(consumer=None, limit=1, cursor=cursor)
        assert (refused.value.status, refused.value.code) == (400, "invalid_cursor")
