"""One row of Vast.ai's market as an Offer, by recorded rows and by rows nobody should send."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.offer import disk_rented, price_per_hour
from chalicelib.providers.vastai_offers import parse
from tests.fakes.clock import START
from tests.providers.vastai_stand import RECORDED, Row, a_row, an_offer

FULL = RECORDED / "offers_full_100_keys.json"
recorded = pytest.mark.skipif(not FULL.exists(), reason="no recorded data beside the project")


@recorded
def test_every_complete_recorded_offer_is_read_in_full() -> None:
    rows: list[Row] = json.loads(FULL.read_text())
    assert len(rows) == 33
    for row in rows:
        offer = parse(row, spot=False, fetched_at=START)
        assert offer is not None
        assert (offer.id, offer.machine_id) == (f"vastai:{row['id']}", str(row["machine_id"]))
        assert (offer.gpu, offer.gpu_count) == ("A100 SXM", row["num_gpus"])
        assert offer.vram_gb in (40, 80)
        assert offer.ram_gb == pytest.approx(row["cpu_ram"] / 1024, abs=0.1)
        assert offer.cpu_cores == row["cpu_cores_effective"]
        assert offer.max_disk_gb == row["disk_space"]
        assert offer.verified == (row["verification"] == "verified")
        assert offer.driver_version == row["driver_version"]
        assert offer.cuda_version == row["cuda_max_good"]
        assert offer.max_hours == row["duration"] / 3600
        assert offer.tflops == row["total_flops"]
        assert offer.min_bid == row["min_bid"]
        at_five_gb = offer.gpu_per_hour + 5 * offer.disk_per_gb_hour
        assert at_five_gb == pytest.approx(row["dph_total"], abs=1e-9)


@recorded
def test_older_recorded_offers_are_read_too() -> None:
    for name in ("offer_rtx4090_202407.json", "offers_500farm_20250726.json"):
        rows = json.loads((RECORDED / name).read_text())
        for row in rows["offers"] if isinstance(rows, dict) else rows:
            offer = parse(row, spot=False, fetched_at=START)
            assert offer is not None
            assert offer.gpu.startswith("RTX")


def test_the_disk_is_priced_by_the_markets_own_month_and_never_below_its_minimum() -> None:
    offer = an_offer(dph_base=0.5, storage_cost=0.72)
    assert price_per_hour(offer, 100) == 600_000
    assert disk_rented(offer, 1) == 8
    assert price_per_hour(offer, 1) == 508_000


def test_an_interruptible_offer_has_an_id_of_its_own_and_costs_its_bid() -> None:
    offer = an_offer(spot=True, number=5, dph_base=0.3, min_bid=0.3)
    assert (offer.id, offer.provider_offer_id, offer.spot) == ("vastai:5:spot", "5", True)
    assert (offer.gpu_per_hour, offer.min_bid) == (0.3, 0.3)


def test_a_bid_below_what_the_market_charges_is_told_at_what_it_charges() -> None:
    offer = an_offer(spot=True, dph_base=0.01, min_bid=0.0093)
    assert (offer.gpu_per_hour, offer.min_bid) == (0.01, 0.0093)
    assert an_offer(spot=True, dph_base=0.01, min_bid=0.0).min_bid == 0.01


def test_an_offer_on_demand_tells_its_bid_but_costs_its_price() -> None:
    offer = an_offer(dph_base=0.5, min_bid=0.3)
    assert (offer.gpu_per_hour, offer.min_bid, offer.spot) == (0.5, 0.3, False)
    assert an_offer(min_bid=0.0).min_bid is None


@pytest.mark.parametrize(
    ("geolocation", "region", "country"),
    [
        ("Texas, US", "Texas", "US"),
        (", US", None, "US"),
        ("US", None, "US"),
        ("Korea, Republic of, KR", "Korea, Republic of", "KR"),
        (None, None, None),
        ("", None, None),
        (7, None, None),
    ],
)
def test_the_country_is_what_follows_the_last_comma(geolocation: object, region: str, country: str) -> None:
    offer = an_offer(geolocation=geolocation)
    assert (offer.region, offer.country) == (region, country)


@pytest.mark.parametrize(
    ("verification", "verified"), [("verified", True), ("unverified", False), ("deverified", False), (None, None)]
)
def test_only_one_word_means_verified(verification: object, verified: bool) -> None:
    assert an_offer(verification=verification).verified is verified


def test_numbers_as_text_and_names_nobody_knows_pass() -> None:
    offer = an_offer(num_gpus="4", gpu_name="Hyper 9000\n", dph_base="0.5", dph_total=0.5, extra={"x": [1]})
    assert (offer.gpu_count, offer.gpu) == (4, "Hyper 9000")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("dph_base", 0.0),
        ("dph_base", -0.1),
        ("dph_base", math.nan),
        ("dph_base", 5000.0),
        ("dph_base", True),
        ("storage_cost", -1.0),
        ("storage_cost", math.inf),
        ("storage_cost", None),
        ("num_gpus", 0),
        ("num_gpus", 1.5),
        ("num_gpus", None),
    ],
)
def test_what_cannot_be_priced_is_no_offer(field: str, value: object) -> None:
    assert parse({**a_row(), field: value}, spot=False, fetched_at=START) is None


STRANGE = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.lists(st.none(), max_size=2)
)


@given(changes=st.dictionaries(st.sampled_from([*a_row()]), STRANGE, max_size=6), spot=st.booleans())
def test_no_row_breaks_the_reader_or_makes_a_strange_offer(changes: dict[str, Any], spot: bool) -> None:
    offer = parse({**a_row(), **changes}, spot=spot, fetched_at=START)
    if offer is None:
        return
    assert 0 < offer.gpu_per_hour <= 1000
    assert 0 <= offer.disk_per_gb_hour < 1
    assert offer.gpu
    assert offer.gpu_count >= 1
    assert price_per_hour(offer, 40) > 0
    for figure in (offer.vram_gb, offer.max_hours, offer.reliability, offer.min_bid):
        assert figure is None or (math.isfinite(figure) and figure >= 0)
