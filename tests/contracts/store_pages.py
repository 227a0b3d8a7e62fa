"""The contract of `Sessions.page`: newest first, all of them, no one twice."""

from typing import Any

import pytest

from chalicelib.domain.errors import Refusal
from chalicelib.domain.instant import HOUR
from chalicelib.domain.session import FINAL, LIVE, Session, Status
from chalicelib.ports import Page
from tests.builders import NOW, an_offer
from tests.contracts.store import AnyStore, ended, opened

MONTH = 31 * 24 * HOUR


def _page(store: AnyStore, **query: Any) -> Page[Session]:
    asked: dict[str, Any] = {"consumer": None, "statuses": None, "provider": None, "limit": 50, "cursor": None} | query
    return store.sessions.page(**asked)


def _walk(store: AnyStore, **query: object) -> list[list[Session]]:
    """All pages, to the end."""
    page = _page(store, **query)
    pages = [page.items]
    while page.next_cursor is not None:
        page = _page(store, **query, cursor=page.next_cursor)
        pages.append(page.items)
    return pages


class PagesContract:
    def test_nothing_opened_is_one_empty_page(self, store: AnyStore) -> None:
        assert _page(store) == Page(items=[], next_cursor=None)
        assert _page(store, consumer="c-ada") == Page(items=[], next_cursor=None)

    @pytest.mark.parametrize("consumer", [None, "c-ada"])
    def test_pages_are_newest_first_and_end_exactly(self, store: AnyStore, consumer: str | None) -> None:
        sessions = [opened(store, n, created_at=NOW + n) for n in (3, 1, 5, 2, 4, 6)]
        pages = _walk(store, consumer=consumer, limit=3)
        newest = sorted(sessions, key=lambda session: session.created_at, reverse=True)
        assert pages == [newest[:3], newest[3:]]

    def test_sessions_of_one_moment_are_told_apart(self, store: AnyStore) -> None:
        sessions = [opened(store, n) for n in range(5)]
        found = [session for page in _walk(store, limit=2) for session in page]
        assert sorted(s.id for s in found) == sorted(s.id for s in sessions)

    def test_the_list_of_all_goes_on_through_the_months(self, store: AnyStore) -> None:
        sessions = [opened(store, n, created_at=NOW + n * MONTH) for n in (0, 1, 4, 14)]
        assert _walk(store, limit=3) == [sessions[:0:-1], sessions[:1]]

    def test_a_session_opened_meanwhile_disturbs_nobody(self, store: AnyStore) -> None:
        sessions = [opened(store, n, created_at=NOW + n) for n in range(4)]
        first = _page(store, limit=2)
        opened(store, 9, created_at=NOW + 9)
        assert _page(store, limit=2, cursor=first.next_cursor).items == [sessions[1], sessions[0]]

    def test_a_consumer_sees_its_own_alone(self, store: AnyStore) -> None:
        own = opened(store, 1)
        other = opened(store, 2, consumer="c-bob", created_at=NOW + 1)
        assert _page(store, consumer="c-ada").items == [own]
        assert _page(store).items == [other, own]

    @pytest.mark.parametrize("consumer", [None, "c-ada"])
    def test_a_filter_is_searched_to_the_end(self, store: AnyStore, consumer: str | None) -> None:
        final = ended(store, opened(store, 1, created_at=NOW))
        live = [opened(store, n, created_at=NOW + n) for n in range(2, 9)]
        assert _walk(store, consumer=consumer, statuses=FINAL, limit=2) == [[final]]
        assert [len(page) for page in _walk(store, consumer=consumer, statuses=LIVE, limit=3)] == [3, 3, 1]
        assert _walk(store, consumer=consumer, statuses=LIVE)[0] == live[::-1]
        assert _walk(store, consumer=consumer, statuses=[Status.RUNNING]) == [[]]

    def test_a_provider_filter_knows_where_a_session_is_wanted(self, store: AnyStore) -> None:
        here = opened(store, 1)
        there = opened(store, 2, wanted=an_offer(provider="tensordock"))
        assert _page(store, provider="vastai").items == [here]
        assert _page(store, provider="tensordock").items == [there]

    @pytest.mark.parametrize("cursor", ["", "x", "ä", "AAAA", "MTc5MDAwMDAwMDAwMA", "e30", "9" * 3000])
    def test_a_cursor_that_is_not_ours_is_refused(self, store: AnyStore, cursor: str) -> None:
        with pytest.raises(Refusal) as raised:
            _page(store, cursor=cursor)
        assert (raised.value.status, raised.value.code) == (400, "invalid_cursor")
        assert raised.value.extra == {"field": "cursor"}
