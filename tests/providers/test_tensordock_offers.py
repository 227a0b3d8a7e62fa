"""TensorDock's inventory becomes offers that can be rented at the price they name."""

import json
import logging
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.errors import OfferGone, ProviderDown
from chalicelib.domain.money import to_micros
from chalicelib.domain.offer import price_per_hour
from chalicelib.providers.tensordock_offers import read_offers
from tests.fakes.clock import START
from tests.providers.tensordock_stand import JSON, RECORDED, WHERE, an_offer, locations, row, tensordock


def read(*rows: object) -> list[Any]:
    return read_offers(locations(*rows), START)


def test_an_offer_says_all_that_the_row_says() -> None:
    offer = an_offer()
    assert offer.id == f"tensordock:{WHERE}:geforcertx4090-pcie-24gb"
    assert (offer.gpu, offer.vram_gb, offer.gpu_count, offer.max_gpu_count) == ("RTX 4090", 24, 1, 4)
    assert (offer.region, offer.country) == ("Orlando, Florida", "US")
    assert (offer.cpu_cores, offer.ram_gb, offer.max_disk_gb, offer.network) == (8, 32, 2200, "forward")
    assert (offer.reliability, offer.verified, offer.machine_id, offer.spot) == (None, None, None, False)


def test_the_price_is_that_of_the_whole_machine() -> None:
    # The live machine of the records: a GPU at 0.18 with 8 vCPUs, 32 GB and 100 GB of disk cost 0.273.
    assert price_per_hour(an_offer(price_per_hr=0.18), 40) == to_micros(0.273)
    assert price_per_hour(an_offer(price_per_hr=0.18), 101) == to_micros(0.2755)


@pytest.mark.parametrize(
    ("left", "shape"),
    [
        ({"max_vcpus": 11}, (8, 32)),
        ({"max_vcpus": 5}, (4, 32)),
        ({"max_ram_gb": 31}, (8, 16)),
        ({"max_ram_gb": 1546793}, (8, 32)),
        ({"max_vcpus": None, "max_ram_gb": None}, (8, 32)),
        ({"resources": None}, (8, 32)),
    ],
)
def test_the_shape_is_the_usual_one_or_what_is_left(left: dict[str, Any], shape: tuple[int, int]) -> None:
    offer = an_offer(**left)
    assert (offer.cpu_cores, offer.ram_gb) == shape
    assert offer.cpu_ram_per_hour == pytest.approx(shape[0] * 0.003 + shape[1] * 0.002)


@pytest.mark.parametrize(
    "broken",
    [
        {"max_vcpus": 0},
        {"max_vcpus": -3},
        {"max_count": 0},
        {"max_ram_gb": 4},
        {"max_storage_gb": 99},
        {"port_forwarding_available": False},
        {"price_per_hr": 0},
        {"price_per_hr": -1},
        {"price_per_hr": 1e9},
        {"price_per_hr": None},
        {"per_vcpu_hr": None},
        {"pricing": None},
        {"max_count": "many"},
        {"v0Name": "../../etc"},
        {"v0Name": None},
    ],
)
def test_rows_that_cannot_be_rented_or_read_are_left_out(broken: dict[str, Any]) -> None:
    good = row(v0Name="l4-pcie-24gb")
    assert [offer.gpu for offer in read(row(**broken), good)] == ["L4"]


def test_how_many_rows_were_left_out_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        read(row(max_vcpus=0), row(max_count=0), row(price_per_hr=None), row())
    assert "2 rows that cannot be rented, 1 unreadable" in caplog.text


def test_forwarding_is_preferred_and_assumed_where_nothing_is_said() -> None:
    assert an_offer(dedicated_ip_available=True).network == "forward"
    assert an_offer(port_forwarding_available=None).network == "forward"
    assert an_offer(network_features=None).network == "forward"
    assert an_offer(port_forwarding_available=False, dedicated_ip_available=True).network == "dedicated"


def test_absurd_disks_are_capped_and_odd_ones_cut_to_a_step() -> None:
    assert an_offer(max_storage_gb=10**12).max_disk_gb == 100_000
    assert an_offer(max_storage_gb=187).max_disk_gb == 150


def test_a_row_that_comes_twice_is_one_offer() -> None:
    assert len(read(row(), row())) == 1


def test_an_unknown_gpu_name_passes_through() -> None:
    offer = an_offer(v0Name="x9000ultra-sxm9-512gb")
    assert offer.gpu
    assert offer.vram_gb == 512


@pytest.mark.parametrize(
    ("fields", "region", "country"),
    [
        ({"city": "Prague", "stateprovince": "Prague", "country": "Czech Republic"}, "Prague", "CZ"),
        ({"city": "Mölln", "stateprovince": "Hamburg", "country": "germany"}, "Mölln, Hamburg", "DE"),
        ({"city": None, "stateprovince": "", "country": "Atlantis"}, None, "Atlantis"),
        ({"city": 7, "country": None}, "Florida", None),
        ({"country": "us"}, "Orlando, Florida", "US"),
    ],
)
def test_places_are_told_as_well_as_they_can_be(
    fields: dict[str, Any], region: str | None, country: str | None
) -> None:
    [offer] = read_offers(locations(row(), **fields), START)
    assert (offer.region, offer.country) == (region, country)


@pytest.mark.parametrize("body", [None, [], "x", {}, {"data": []}, {"data": {"locations": {}}}])
def test_an_inventory_of_unknown_shape_is_no_empty_market(body: object) -> None:
    with pytest.raises(ProviderDown):
        read_offers(body, START)


def test_an_inventory_without_one_readable_row_is_no_empty_market() -> None:
    with pytest.raises(ProviderDown):
        read({"gpu": "renamed"}, {"gpu": "too"})


def test_an_inventory_without_rows_is_an_empty_market() -> None:
    assert read() == []
    assert read_offers({"data": {"locations": []}}, START) == []


@given(st.dictionaries(st.sampled_from(sorted(row())), JSON, max_size=4), JSON)
@settings(max_examples=150, deadline=None)
def test_no_row_can_break_the_reading_of_the_others(fields: dict[str, Any], other: object) -> None:
    offers = read(row(v0Name="l4-pcie-24gb"), {**row(), **fields}, other)
    assert "L4" in [offer.gpu for offer in offers]
    assert all(price_per_hour(offer, 40) > 0 for offer in offers)


@given(JSON)
@settings(max_examples=150, deadline=None)
def test_any_inventory_at_all_is_read_or_refused(body: object) -> None:
    for anything in (body, {"data": body}, {"data": {"locations": body}}, {"data": {"locations": [body]}}):
        try:
            read_offers(anything, START)
        except ProviderDown:
            continue


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded data is not here")
@pytest.mark.parametrize("snapshot", ["20260321T060911Z", "20260323T070237Z"])
def test_the_recorded_markets_become_offers(snapshot: str) -> None:
    body = json.loads((RECORDED / f"locations_reconstructed_{snapshot}.json").read_text("utf-8"))
    rows = [(place["id"], gpu) for place in body["data"]["locations"] for gpu in place["gpus"]]
    offers = {offer.id: offer for offer in read_offers(body, START)}
    assert len(offers) == sum(gpu["resources"]["max_vcpus"] >= 2 for _, gpu in rows)
    for place, gpu in rows:
        offer = offers.get(f"tensordock:{place}:{gpu['v0Name']}")
        if offer is None:
            continue
        rates = gpu["pricing"]
        own = offer.cpu_cores * rates["per_vcpu_hr"] + offer.ram_gb * rates["per_gb_ram_hr"]
        assert price_per_hour(offer, 100) == to_micros(gpu["price_per_hr"] + own + 100 * rates["per_gb_storage_hr"])
        assert offer.country is not None
        assert len(offer.country) == 2
        assert offer.cpu_cores <= gpu["resources"]["max_vcpus"]


def test_a_search_is_one_paced_call_and_spot_none() -> None:
    adapter, canned = tensordock(locations(row()))
    assert len(adapter.search(spot=False)) == 1
    assert adapter.search(spot=True) == []
    assert [(asked.method, asked.path) for asked in canned.asked] == [("GET", "/api/v2/locations")]


def test_a_quote_is_the_row_as_it_stands_now() -> None:
    adapter, canned = tensordock(locations(row(price_per_hr=0.5)))
    assert adapter.quote(an_offer()).gpu_per_hour == 0.5
    assert len(canned.asked) == 1


@pytest.mark.parametrize("now", [locations(), locations(row(max_vcpus=0)), locations(row(max_count=0))])
def test_a_quote_of_what_cannot_be_rented_any_more_is_gone(now: object) -> None:
    adapter, _ = tensordock(now)
    with pytest.raises(OfferGone):
        adapter.quote(an_offer())


@pytest.mark.parametrize("reply", [{"status": 500, "error": "database"}, (404, {}), "<html>", (302, "")])
def test_an_inventory_error_is_no_empty_market(reply: object) -> None:
    adapter, _ = tensordock(reply, reply)
    with pytest.raises(ProviderDown):
        adapter.search(spot=False)
