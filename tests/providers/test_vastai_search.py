"""The whole Vast.ai market comes out of a search, or the search fails: by recorded books and by rules."""

import gzip
import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.errors import OfferGone, ProviderAuth, ProviderBusy, ProviderDown
from chalicelib.domain.offer import price_per_hour
from chalicelib.domain.policy import Policy
from chalicelib.providers.http import Http
from chalicelib.providers.vastai import VastAi
from tests.fakes.clock import ManualClock
from tests.fakes.gate import OpenGate
from tests.providers.vastai_stand import RECORDED, Asked, Market, Row, Wire, a_row, an_offer, answering, vastai

BOOKS = sorted((RECORDED / "offer_books").glob("*.jsonl.gz"))


@pytest.mark.skipif(not BOOKS, reason="no recorded data beside the project")
@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.name[:10])
@pytest.mark.parametrize("spot", [False, True])
def test_a_recorded_day_comes_out_whole_and_at_its_true_price(book: Path, spot: bool) -> None:
    rows = [json.loads(line) for line in gzip.decompress(book.read_bytes()).splitlines()]
    kind = "bid" if spot else "on-demand"
    expected = {str(row["id"]): row for row in rows if row["rental_type"] == kind}
    market, wire = vastai(Market(rows))
    offers = market.search(spot=spot)
    assert sorted(offer.provider_offer_id for offer in offers) == sorted(expected)
    assert len({offer.id for offer in offers}) == len(offers)
    assert len(wire.asked) <= len(expected) // 60 + 2
    for offer in offers:
        row = expected[offer.provider_offer_id]
        for disk_gb in (8, 40, 500):
            dollars = Fraction(row["dph_base"]) + Fraction(row["storage_cost"]) * disk_gb / 720
            assert abs(price_per_hour(offer, disk_gb) - dollars * 1_000_000) < 1
        assert abs(price_per_hour(offer, 8) - row["dph_total"] * 1e6) < 1
        assert offer.gpu_count == row["num_gpus"]
        assert offer.country == row["geolocation"].split(",")[-1].strip() if row["geolocation"] else True


@settings(max_examples=60, deadline=None)
@given(
    prices=st.lists(st.integers(1, 40), max_size=300),
    cap=st.sampled_from([64, 65, 100, 1000]),
)
def test_no_offer_is_lost_and_none_is_doubled_whatever_the_ties(prices: list[int], cap: int) -> None:
    prices = [price for price in prices if prices.count(price) < 64]
    rows = [a_row(number, dph_base=price / 100, dph_total=price / 100) for number, price in enumerate(prices, 1)]
    offers = vastai(Market(rows, cap))[0].search(spot=False)
    assert sorted(int(offer.provider_offer_id) for offer in offers) == [*range(1, len(prices) + 1)]


def test_a_page_of_one_price_does_not_stop_the_search() -> None:
    rows = [a_row(number, dph_total=0.5) for number in range(1, 65)] + [a_row(99, dph_total=0.6)]
    offers = vastai(Market(rows))[0].search(spot=False)
    assert len(offers) == 65


def test_a_server_without_a_cap_is_asked_once_more_and_believed() -> None:
    rows = [a_row(number, dph_total=number / 1000) for number in range(1, 301)]
    market, wire = vastai(Market(rows, cap=5000))
    assert len(market.search(spot=False)) == 300
    assert len(wire.asked) == 2


def test_the_market_is_asked_for_everything_rentable_by_rising_price() -> None:
    market, wire = answering({"offers": []})
    assert market.search(spot=True) == []
    [asked] = wire.asked
    assert asked.json == {
        "type": "bid",
        "rentable": {"eq": True},
        "allocated_storage": 8.0,
        "order": [["dph_total", "asc"], ["id", "asc"]],
        "limit": 1000,
    }


def test_a_market_without_end_is_an_error_and_not_a_part_of_it() -> None:
    def endless(asked: Asked) -> object:
        floor = asked.json.get("dph_total", {"gte": 0.0})["gte"]
        return {"offers": [a_row(round(floor * 1000) + n, dph_total=floor + n / 1000) for n in range(1, 65)]}

    with pytest.raises(ProviderDown, match="more than 40 pages"):
        vastai(endless)[0].search(spot=False)


def test_a_server_that_ignores_the_price_filter_is_found_out() -> None:
    page = {"offers": [a_row(number, dph_total=number / 1000) for number in range(1, 65)]}
    with pytest.raises(ProviderDown, match="filter"):
        vastai(lambda asked: page)[0].search(spot=False)


def test_a_server_that_ignores_the_order_is_found_out() -> None:
    page = {"offers": [a_row(number, dph_total=1 / number) for number in range(1, 65)]}
    with pytest.raises(ProviderDown, match="order"):
        vastai(lambda asked: page)[0].search(spot=False)


def test_one_bad_row_costs_only_itself(caplog: pytest.LogCaptureFixture) -> None:
    bad: list[object] = [None, "x", {}, a_row(2, dph_base=float(-1)), a_row(3, num_gpus=0), a_row(0)]
    bad += [a_row(4, dph_base=1e7), a_row(5, storage_cost=None), a_row(6, dph_base="free"), a_row(-7), a_row(8, id=[])]
    market, _ = answering({"offers": [*bad, a_row(1), a_row(9, rentable=False)]})
    assert [offer.provider_offer_id for offer in market.search(spot=False)] == ["8", "1"]
    assert "10 of 13 offers cannot be read" in caplog.text


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((403, {"success": False, "error": "auth_error", "msg": "This action requires login."}), ProviderAuth),
        ((404, {"success": False, "error": "auth_error", "msg": "Invalid user key"}), ProviderAuth),
        ((401, "no"), ProviderAuth),
        ((429, {"error": "search_quota_exceeded"}), ProviderBusy),
        ((400, {"success": False, "error": "bad_request", "msg": "q.gpu_name: no dictionary"}), ProviderDown),
        ((200, {"success": False, "error": "x"}), ProviderDown),
        ((200, {"offers": None}), ProviderDown),
        ((200, []), ProviderDown),
        ((200, "<html>"), ProviderDown),
        ((308, ""), ProviderDown),
    ],
)
def test_anything_but_offers_is_an_error(answer: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        vastai(lambda asked: answer)[0].search(spot=False)


def test_a_search_needs_no_key() -> None:
    wire = Wire(Market([a_row(1)]))
    clock = ManualClock()
    http = Http("vastai", "http://vast.test", None, policy=Policy(), gate=OpenGate(), clock=clock, session=wire.session)
    assert len(VastAi(http, clock).search(spot=False)) == 1


def test_each_page_waits_at_the_gate() -> None:
    gate = OpenGate()
    wire = Wire(Market([a_row(number, dph_total=number / 1000) for number in range(1, 200)]))
    clock = ManualClock()
    VastAi(Http("vastai", "http://vast.test", "key", Policy(), gate, clock, wire.session), clock).search(spot=False)
    assert gate.passed == [("vastai", "search")] * len(wire.asked)
    assert len(wire.asked) == 4


def test_a_quote_asks_for_the_one_offer_of_its_own_kind() -> None:
    twins: list[Row] = [a_row(5, rental_type="on-demand"), a_row(5, rental_type="bid", dph_base=0.31)]
    market, wire = vastai(Market([*twins, a_row(6)]))
    assert market.quote(an_offer(number=5, spot=True)).id == "vastai:5:spot"
    assert market.quote(an_offer(number=5)).id == "vastai:5"
    assert [asked.json["type"] for asked in wire.asked] == ["bid", "on-demand"]
    assert all(asked.json["ask_contract_id"] == {"eq": 5} for asked in wire.asked)


def test_a_quote_tells_the_price_of_now() -> None:
    market, _ = answering({"offers": [a_row(5, dph_base=0.75)]})
    assert market.quote(an_offer(number=5)).gpu_per_hour == 0.75


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [a_row(6)],
        [a_row(5, rentable=False)],
        [a_row(5, gpu_name="RTX 3090")],
        [a_row(5, num_gpus=1)],
        [a_row(5, dph_base=None)],
    ],
)
def test_an_offer_that_is_no_longer_the_very_same_is_gone(rows: list[Row]) -> None:
    market, _ = answering({"offers": rows})
    with pytest.raises(OfferGone):
        market.quote(an_offer(number=5))
