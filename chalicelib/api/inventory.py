"""What can be rented now, and at what price."""

from typing import get_args

from chalicelib.api import present
from chalicelib.api.calls import Answer, Call
from chalicelib.api.orders import price
from chalicelib.api.queries import QueryString
from chalicelib.domain.book import Sort
from chalicelib.domain.errors import Refusal
from chalicelib.domain.offer import DISK_GB
from chalicelib.domain.query import Query
from chalicelib.usecases import browsing

DISK_MOST = 16_000
GPUS_MOST = 64
_ID_LONGEST = 200


def page(call: Call[None]) -> Answer:
    query = query_of(call.query)
    found = browsing.browse(call.ports, query, call.query.limit, call.query.cursor)
    offers = [present.offer(offer, query.disk_gb) for offer in found.offers]
    body = {
        "offers": offers,
        "count": len(offers),
        "total": found.total,
        "next_cursor": found.next_cursor,
        "providers": {name: present.market(status) for name, status in found.providers.items()},
    }
    return Answer(200, body)


def one(call: Call[None]) -> Answer:
    offer_id, disk_gb = call.params["offer_id"], _disk(call.query)
    offer = browsing.find(call.ports, offer_id) if len(offer_id) <= _ID_LONGEST else None
    if offer is None:
        raise Refusal(404, "offer_gone", "this is not offered (any more)")
    return Answer(200, present.offer(offer, disk_gb))


def query_of(given: QueryString) -> Query:
    """The filters asked for. Raises Refusal 400 naming the parameter."""
    sort: Sort = given.choice("sort", get_args(Sort)) or "price"
    return Query(
        provider=given.texts("provider"),
        gpu=given.texts("gpu"),
        min_vram_gb=given.number("min_vram_gb"),
        max_price=price("max_price", given.number("max_price")),
        min_gpus=given.whole("min_gpus", 1, GPUS_MOST),
        gpu_count=given.whole("gpu_count", 1, GPUS_MOST),
        region=given.text("region"),
        country=given.texts("country"),
        min_reliability=given.number("min_reliability", most=1.0),
        min_cuda=given.number("min_cuda"),
        spot=given.flag("spot"),
        verified=given.flag("verified"),
        disk_gb=_disk(given),
        sort=sort,
    )


def _disk(given: QueryString) -> int:
    disk = given.whole("disk_gb", 0, DISK_MOST)
    return DISK_GB if disk is None else disk
