"""Lists of offers, page by page, while the market moves."""

import base64
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.book import Book, Sort
from chalicelib.domain.errors import Refusal
from chalicelib.domain.offer import Offer
from chalicelib.domain.query import Query, select
from tests.builders import an_offer

QUERY = Query()


def offers(*prices: float, first: int = 0) -> list[Offer]:
    return [an_offer(id=f"v:{first + n}", gpu_per_hour=price) for n, price in enumerate(prices)]


def read_all(books: list[Book], limit: int, query: Query = QUERY) -> list[str]:
    """Page through; every page is answered by the next book, the last one by the rest of them."""
    ids: list[str] = []
    cursor = None
    for number in range(1000):
        page = select(books[min(number, len(books) - 1)], query, limit, cursor)
        ids += [offer.id for offer in page.offers]
        cursor = page.next_cursor
        if cursor is None:
            return ids
    raise AssertionError("the list never ends")


@given(
    prices=st.lists(st.sampled_from([0.1, 0.2, 0.3]), max_size=30),
    limit=st.integers(1, 7),
    sort=st.sampled_from(["price", "value", "reliability"]),
)
def test_pages_put_together_are_the_list(prices: list[float], limit: int, sort: Sort) -> None:
    book = Book(offers(*prices))
    query = Query(sort=sort)
    whole = select(book, query, 100)
    assert whole.next_cursor is None
    assert read_all([book], limit, query) == [offer.id for offer in whole.offers]


def test_a_full_last_page_has_no_next_one() -> None:
    page = select(Book(offers(0.1, 0.2)), QUERY, 2)
    assert (len(page.offers), page.total, page.next_cursor) == (2, 2, None)


def test_an_empty_list_is_one_empty_page() -> None:
    assert select(Book(()), QUERY, 10) == ([], 0, None)


def test_the_total_counts_all_pages() -> None:
    page = select(Book(offers(0.1, 0.2, 0.3)), QUERY, 1)
    assert (len(page.offers), page.total) == (1, 3)


@given(
    first=st.lists(st.integers(1, 50), min_size=1, max_size=25),
    second=st.lists(st.integers(1, 50), max_size=25),
    third=st.lists(st.integers(1, 50), max_size=25),
    limit=st.integers(1, 5),
)
def test_nothing_is_shown_twice_however_the_market_moves(
    first: list[int], second: list[int], third: list[int], limit: int
) -> None:
    books = [Book(offers(*(price / 10 for price in prices))) for prices in (first, second, third)]
    shown = read_all(books, limit)
    assert len(shown) == len(set(shown))


def test_an_offer_that_became_dearer_is_not_shown_again() -> None:
    before, after = Book(offers(0.1, 0.2, 0.3)), Book(offers(0.9, 0.2, 0.3))
    assert read_all([before, after], 1) == ["v:0", "v:1", "v:2"]


def test_what_appears_after_the_cursor_is_shown() -> None:
    before, after = Book(offers(0.1, 0.3)), Book([*offers(0.1, 0.3), *offers(0.2, first=7)])
    assert read_all([before, after], 1) == ["v:0", "v:7", "v:1"]


def test_the_list_goes_on_where_the_last_offer_shown_was_withdrawn() -> None:
    before, after = Book(offers(0.1, 0.2, 0.3)), Book(offers(0.3, first=2))
    assert read_all([before, after], 2) == ["v:0", "v:1", "v:2"]


def test_a_cursor_stays_short_enough_for_a_request_line() -> None:
    book = Book(offers(*(n / 1000 for n in range(1, 2501))))
    cursor: str | None = None
    longest = 0
    ids: list[str] = []
    while True:
        page = select(book, QUERY, 100, cursor)
        ids += [offer.id for offer in page.offers]
        cursor = page.next_cursor
        if cursor is None:
            break
        longest = max(longest, len(cursor))
    assert len(ids) == len(set(ids)) == 2500
    assert longest < 5600


def test_a_cursor_of_another_query_is_refused() -> None:
    cursor = select(Book(offers(0.1, 0.2)), QUERY, 1).next_cursor
    with pytest.raises(Refusal, match="another query") as refused:
        select(Book(offers(0.1, 0.2)), Query(sort="value"), 1, cursor)
    assert (refused.value.status, refused.value.code) == (400, "invalid_cursor")
    assert refused.value.extra == {"field": "cursor"}


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_garbage_is_refused(cursor: str) -> None:
    with pytest.raises(Refusal) as refused:
        select(Book(offers(0.1)), QUERY, 1, cursor)
    assert refused.value.code == "invalid_cursor"


@given(
    st.lists(
        st.binary(max_size=8) | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.lists(st.floats(), max_size=4),
        max_size=4,
    )
)
def test_a_forged_cursor_is_refused_or_harmless(parts: list[object]) -> None:
    own = select(Book(offers(0.1, 0.2)), QUERY, 1).next_cursor
    assert own is not None
    digest, key, _ = msgspec.msgpack.decode(base64.urlsafe_b64decode(own + "=" * (-len(own) % 4)))
    for forged in ([digest, *parts], [digest, [0, 0.0, 2**40, "z"], *parts], [digest, key, b"odd"]):
        cursor = base64.urlsafe_b64encode(msgspec.msgpack.encode(forged)).decode()
        with suppress(Refusal):
            assert len(select(Book(offers(0.1, 0.2)), QUERY, 1, cursor).offers) <= 1
