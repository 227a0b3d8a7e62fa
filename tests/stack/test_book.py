"""A recorded market, served by the simulator behind its 64-row cap, comes out of the inventory whole."""

import gzip
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib import settings
from chalicelib.domain.offer import Offer, price_per_hour
from chalicelib.domain.query import Query
from chalicelib.ports import Ports
from chalicelib.providers import build
from chalicelib.usecases.browsing import browse
from chalicelib.usecases.refreshing import refresh
from simulators.start import start_vastai
from tests.fakes.gate import OpenGate
from tests.world import World

BOOKS = sorted((Path(__file__).parents[2] / ".." / "shared" / "data" / "vastai" / "offer_books").glob("*.jsonl.gz"))
DISK_GB = 120


@pytest.mark.skipif(not BOOKS, reason="the recorded offer books are not beside this checkout")
@pytest.mark.parametrize("book", BOOKS[:: len(BOOKS) - 1], ids=lambda path: path.stem)
def test_every_recorded_offer_is_listed_once_at_its_all_in_price(book: Path) -> None:
    with gzip.open(book, "rt") as lines:
        expected = dict(expectation(json.loads(line)) for line in lines)
    with start_vastai(book=book, api_key="k") as market:
        conf = settings.load({"VASTAI_API_KEY": "k", "VASTAI_API_URL": market.url})
        world = World(offers=[])
        ports = replace(world.ports, settings=conf, providers=build(conf, OpenGate(), world.clock))
        world.clock.advance(3600)
        refresh(ports)
        listed = everything(ports)
    ids = [offer.id for offer in listed]
    assert len(ids) == len(set(ids)) == len(expected) > 1000
    for offer in listed:
        assert abs(price_per_hour(offer, DISK_GB) - expected[offer.id] * 1_000_000) <= 1


def expectation(row: dict[str, Any]) -> tuple[str, Fraction]:
    """(id, USD per hour by the market's own formula), from the recorded row alone."""
    spot = row["rental_type"] == "bid"
    gpu = max(row["dph_base"], row["min_bid"]) if spot else row["dph_base"]
    price = Fraction(gpu) + Fraction(row["storage_cost"]) * DISK_GB / 720
    return f"vastai:{row['id']}" + (":spot" if spot else ""), price


def everything(ports: Ports) -> list[Offer]:
    found: list[Offer] = []
    cursor = None
    while True:
        answer = browse(ports, Query(disk_gb=0), 100, cursor)
        found += answer.offers
        cursor = answer.next_cursor
        if cursor is None:
            assert len(found) == answer.total
            return found
