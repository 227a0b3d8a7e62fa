"""A question about offers: its filters, its order, and its pages."""

from bisect import bisect_right
from functools import lru_cache
from itertools import chain, islice
from typing import NamedTuple

import msgspec

from chalicelib.domain import cursor as cursors
from chalicelib.domain.book import Book, Shelf, Sort
from chalicelib.domain.gpu import same_gpu
from chalicelib.domain.money import Micros
from chalicelib.domain.offer import DISK_GB, Offer


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """What an offer must be; an empty tuple and None mean: no matter. What an offer does not tell satisfies nothing."""

    provider: tuple[str, ...] = ()
    gpu: tuple[str, ...] = ()
    """Any of these cards, in anybody's spelling."""
    min_vram_gb: float | None = None
    """Per GPU."""
    max_price: Micros | None = None
    """All-in per hour, with `disk_gb`."""
    min_gpus: int | None = None
    gpu_count: int | None = None
    region: str | None = None
    """Part of the market's word for the place; case does not matter."""
    country: tuple[str, ...] = ()
    min_reliability: float | None = None
    min_cuda: float | None = None
    spot: bool | None = None
    verified: bool | None = None
    disk_gb: int = DISK_GB
    """Offers known to be too small for it are left out."""
    sort: Sort = "price"
    """`price`: cheapest first.

    `value`: cheapest per TFLOPS first, which are the offer's own or those usual for its GPUs among the offers at hand;
    then, where nobody tells them, cheapest per GB of GPU memory; then the rest.
    `reliability`: most reliable first, unknown last. What is equal is ordered by price, then by id.
    """


class Selection(NamedTuple):
    """One page of what matches."""

    offers: list[Offer]
    total: int
    """How many match now, on all pages."""
    next_cursor: str | None


def select(book: Book, query: Query, limit: int, cursor: str | None = None) -> Selection:
    """One page. Raises Refusal 400 invalid_cursor for a cursor that is not of this query.

    The book may be a newer one on every page: what stands after the cursor is not left out, and what was shown is not
    shown again, even if it has become dearer since (as far as the cursor remembers).
    """
    shelf = _shelf(book, query)
    found = _filtered(shelf, query)
    digest = cursors.digest(query)
    start, shown = 0, cursors.NOTHING
    if cursor is not None:
        mark = cursors.read(cursor, digest)
        start = bisect_right(found, mark.key, key=lambda offer: shelf.keys[offer.id])
        shown = mark.shown
    fresh = cursors.unseen(found[start:], shown)
    page = list(islice(fresh, limit))
    if next(fresh, None) is None:
        return Selection(page, len(found), None)
    return Selection(page, len(found), cursors.written(digest, shelf.keys[page[-1].id], shown, page))


def matching(book: Book, query: Query) -> list[Offer]:
    """Every offer that satisfies the query, in its order."""
    return _filtered(_shelf(book, query), query)


def _shelf(book: Book, query: Query) -> Shelf:
    return book.shelf(query.sort, query.disk_gb, query.gpu_count, query.min_gpus)


def _filtered(shelf: Shelf, query: Query) -> list[Offer]:
    """One pass for each filter asked for, over what the passes before have left."""
    found = shelf.offers
    if query.gpu:
        meant = [places for card, places in shelf.cards.items() if any(_means(wanted, *card) for wanted in query.gpu)]
        found = [shelf.offers[place] for place in sorted(chain.from_iterable(meant))]
    if query.provider:
        found = [offer for offer in found if offer.provider in query.provider]
    if query.spot is not None:
        found = [offer for offer in found if offer.spot is query.spot]
    if query.verified is not None:
        found = [offer for offer in found if offer.verified is query.verified]
    if query.max_price is not None:
        keys, most = shelf.keys, query.max_price
        found = [offer for offer in found if keys[offer.id].price <= most]
    if (least := query.min_vram_gb) is not None:
        found = [offer for offer in found if offer.vram_gb is not None and offer.vram_gb >= least]
    if (least := query.min_reliability) is not None:
        found = [offer for offer in found if offer.reliability is not None and offer.reliability >= least]
    if (least := query.min_cuda) is not None:
        found = [offer for offer in found if offer.cuda_version is not None and offer.cuda_version >= least]
    if query.country:
        countries = {country.casefold() for country in query.country}
        found = [offer for offer in found if offer.country is not None and offer.country.casefold() in countries]
    if query.region is not None:
        part = query.region.casefold()
        found = [offer for offer in found if offer.region is not None and part in offer.region.casefold()]
    return found


_means = lru_cache(maxsize=8192)(same_gpu)
"""A hundred cards are on the market at a time, and the same few are asked for."""
