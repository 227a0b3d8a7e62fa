"""What the fake Vast.ai bills is what its prices say, and its charges page tells the same."""

import json
from typing import Any

import pytest

from simulators import ManualClock, Simulator, start_vastai
from simulators.vastai.market import VastMarket
from tests.simulators.support import Vast

Sim = Simulator[VastMarket]
ALL_TIME = json.dumps({"day": {"gte": 0, "lte": 4_000_000_000}})


def charges(vast: Vast, **query: Any) -> Any:
    return vast.json("GET", "/api/v0/charges/", select_filters=ALL_TIME, **query)


def test_the_gpu_is_billed_from_running_and_the_disk_from_creation(vast: Vast, vast_sim: Sim) -> None:
    offer = vast.search()[5]
    instance = vast.rent(offer["id"], disk=100)
    vast_sim.advance(7200)
    truth = vast.truth(instance)
    up = truth["booted_at"] - truth["created_at"]
    assert truth["seconds"] == {"disk": 7200.0, "gpu": pytest.approx(7200 - up)}
    expected = offer["dph_base"] * (7200 - up) / 3600 + offer["storage_cost"] * 100 / 720 * 2
    assert truth["cost"] == pytest.approx(expected)
    credit = vast.json("GET", "/api/v0/users/current")["credit"]
    assert credit == pytest.approx(100 - expected)


def test_charges_list_every_contract_with_its_items(vast: Vast, vast_sim: Sim) -> None:
    instance = vast.rent(label="shopper-1")
    vast_sim.advance(3600 * 10)
    vast.destroy(instance)
    vast_sim.advance(3600)
    answer = charges(vast)
    assert (answer["count"], answer["total"], answer["next_token"]) == (1, 1, None)
    row = answer["results"][0]
    assert (row["source"], row["metadata"]) == (f"instance-{instance}", {"label": "shopper-1"})
    assert {item["type"] for item in row["items"]} == {"gpu", "disk"}
    assert sum(item["amount"] for item in row["items"]) == pytest.approx(vast.truth(instance)["cost"])
    assert row["amount"] == pytest.approx(vast.truth(instance)["cost"], abs=0.0006)


def test_charges_are_cut_to_the_days_asked_for(vast: Vast, vast_sim: Sim, clock: ManualClock) -> None:
    instance = vast.rent()
    start = clock.now()
    vast_sim.advance(3600 * 4)
    window = json.dumps({"day": {"gte": start + 3600, "lte": start + 7200}})
    row = vast.json("GET", "/api/v0/charges/", select_filters=window)["results"][0]
    assert sum(item["amount"] for item in row["items"]) == pytest.approx(vast.truth(instance)["rate_per_hour"])
    refused = vast.call("GET", "/api/v0/charges/", select_filters='{"day":{"gte":1}}')
    assert refused.status_code == 400


def test_charges_come_in_pages(vast: Vast, vast_sim: Sim) -> None:
    ids = {f"instance-{vast.rent()}" for _ in range(5)}
    vast_sim.advance(60)
    first = charges(vast, limit=3)
    second = charges(vast, limit=3, after_token=first["next_token"])
    assert {row["source"] for row in first["results"] + second["results"]} == ids
    assert second["next_token"] is None


def test_a_price_change_opens_a_second_charge(vast: Vast, vast_sim: Sim) -> None:
    instance = vast.rent()
    vast_sim.advance(3600)
    vast.json("POST", f"/_sim/machines/{instance}/price", {"price": 5.0})
    vast_sim.advance(3600)
    rates = [item["description"] for item in charges(vast)["results"][0]["items"] if item["type"] == "gpu"]
    assert len(rates) == 2
    assert rates[1] == "1.000 hours at $5.000/hour"


def test_an_image_pull_is_billed_as_traffic_when_switched_on(clock: ManualClock) -> None:
    with start_vastai(clock=clock, image_gb=6.0) as simulator:
        vast = Vast(simulator.url)
        offer = next(row for row in vast.search() if row["inet_down_cost"] > 0)
        instance = vast.rent(offer["id"])
        items = [charge for charge in vast.truth(instance)["charges"] if charge["kind"] == "bwd"]
    assert [(item["units"], item["rate"]) for item in items] == [(6.0, offer["inet_down_cost"])]


def test_at_zero_credit_everything_stops_at_that_very_second(clock: ManualClock) -> None:
    with start_vastai(clock=clock, credit=1.0, boot_seconds=1) as simulator:
        vast = Vast(simulator.url)
        instance = vast.rent(vast.search(dph_total={"gte": 1.0})[0]["id"])
        simulator.advance(10 * 3600)
        truth = vast.truth(instance)
        assert truth["stage"] == "exited"
        gpu, disk = truth["seconds"]["gpu"], truth["seconds"]["disk"]
        rates = {charge["kind"]: charge["rate"] for charge in truth["charges"]}
        stopped = truth["history"][-1][0] - truth["created_at"]
        assert gpu * rates["gpu"] / 3600 + stopped * rates["disk"] / 3600 == pytest.approx(1.0)
        assert disk == pytest.approx(10 * 3600)
        assert vast.json("GET", "/api/v0/users/current")["credit"] < 0
        assert vast.call("PUT", f"/api/v0/instances/{instance}/", {"state": "running"}).status_code == 400
        simulator.advance(48 * 3600)
        assert vast.truth(instance)["gone_by"] == "credit"


def test_a_top_up_saves_what_is_still_there(clock: ManualClock) -> None:
    with start_vastai(clock=clock, credit=0.5, boot_seconds=1) as simulator:
        vast = Vast(simulator.url)
        instance = vast.rent(vast.search(dph_total={"gte": 1.0})[0]["id"])
        simulator.advance(2 * 3600)
        vast.json("POST", "/_sim/credit", {"add": 100})
        assert vast.json("PUT", f"/api/v0/instances/{instance}/", {"state": "running"})["success"] is True
        simulator.advance(72 * 3600)
        assert vast.truth(instance)["alive"]


def test_the_books_add_up(vast: Vast, vast_sim: Sim) -> None:
    ids = [vast.rent() for _ in range(6)]
    for index, instance in enumerate(ids):
        vast_sim.advance(100 * index)
        if index % 2:
            vast.destroy(instance)
    vast_sim.advance(1000)
    books = vast.json("GET", "/_sim/books")
    assert books["spent"] == pytest.approx(sum(vast.truth(one)["cost"] for one in ids))
    assert (books["live"], books["machines"]) == (3, 6)
    assert books["credit"] == pytest.approx(books["paid_in"] - books["spent"])
