"""Recorded markets can be served instead of invented ones, with the recorded ids and prices."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from simulators import ManualClock, start_tensordock, start_vastai
from tests.simulators.support import Dock, Vast

DATA = Path(__file__).parents[2] / ".." / "shared" / "data"
BOOK = DATA / "vastai" / "offer_books" / "2026-08-07.jsonl.gz"
FULL_ROWS = DATA / "vastai" / "offers_full_100_keys.json"
RUNNING_ROW = DATA / "vastai" / "instance_by_id_running_20260207.json"
LOCATIONS = DATA / "tensordock" / "locations_reconstructed_20260323T070237Z.json"

needs = pytest.mark.skipif(not DATA.is_dir(), reason="the recorded data is not beside this checkout")
FIELDS = ("machine_id", "host_id", "gpu_name", "num_gpus", "gpu_ram", "min_bid", "storage_cost", "geolocation")
PRICES = ("dph_base", "dph_total", "inet_up_cost", "reliability2")


@needs
def test_a_recorded_vast_market_answers_as_it_was_recorded(clock: ManualClock) -> None:
    with gzip.open(BOOK, "rt") as lines:
        recorded: list[dict[str, Any]] = [json.loads(line) for line in lines]
    with start_vastai(clock=clock, book=BOOK) as simulator:
        vast = Vast(simulator.url)
        for kind in ("on-demand", "bid"):
            served = {row["id"]: row for row in vast.sweep(type=kind)}
            expected = {row["id"]: row for row in recorded if row["rental_type"] == kind}
            assert served.keys() == expected.keys()
            for one, row in expected.items():
                assert {name: served[one][name] for name in FIELDS} == {name: row[name] for name in FIELDS}
                assert [served[one][name] for name in PRICES] == pytest.approx([row[name] for name in PRICES])
                # The two kinds were recorded some seconds apart.
                assert served[one]["duration"] == pytest.approx(row["duration"], abs=60)


@needs
def test_an_offer_has_exactly_the_keys_of_a_recorded_one(vast: Vast) -> None:
    recorded = json.loads(FULL_ROWS.read_text("utf-8"))
    assert set(vast.search()[0]) == set(recorded[0])


@needs
def test_an_instance_has_every_key_of_a_recorded_one(vast: Vast) -> None:
    recorded = json.loads(RUNNING_ROW.read_text("utf-8"))["instances"]
    assert set(recorded) <= set(vast.get(vast.rent()))


@needs
def test_recorded_locations_are_served_with_their_gaps_filled(clock: ManualClock) -> None:
    recorded = json.loads(LOCATIONS.read_text("utf-8"))["data"]["locations"]
    with start_tensordock(clock=clock, book=LOCATIONS) as simulator:
        rows = Dock(simulator.url).rows()
    assert [(place["id"], gpu["v0Name"], gpu["max_count"], gpu["price_per_hr"]) for place, gpu in rows] == [
        (place["id"], gpu["v0Name"], gpu["max_count"], gpu["price_per_hr"])
        for place in recorded
        for gpu in place["gpus"]
    ]
    assert all(gpu["network_features"]["port_forwarding_available"] is True for _, gpu in rows)
