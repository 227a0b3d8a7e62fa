"""The offer search of the fake Vast.ai keeps the recorded formulas, grammar and limits."""

import json
from typing import Any

import pytest

from simulators import Simulator
from simulators.vastai.market import VastMarket
from tests.simulators.support import Caller, Vast

BY_PRICE = [["dph_total", "asc"], ["id", "asc"]]


def test_the_market_has_about_six_hundred_rows_of_both_kinds(vast: Vast) -> None:
    on_demand, bids = vast.sweep(), vast.sweep(type="bid")
    assert 320 <= len(on_demand) <= 380
    assert 200 <= len(bids) <= 280
    shared = {row["id"] for row in on_demand} & {row["id"] for row in bids}
    assert 50 < len(shared) < len(bids)


def test_one_answer_never_holds_more_than_sixty_four(vast: Vast) -> None:
    answer = vast.json("POST", "/api/v0/bundles/", {"limit": 3000, "order": BY_PRICE})
    assert len(answer["offers"]) == 64
    assert answer["truncated"] is True
    assert len(vast.search(limit=7)) == 7


def test_prices_hold_the_formulas_of_recorded_rows(vast: Vast) -> None:
    for row in vast.search(allocated_storage=50):
        disk = row["storage_cost"] * 50 / 720
        assert row["dph_total"] == pytest.approx(row["dph_base"] + disk)
        assert row["dph_total_adj"] == pytest.approx(row["dph_total"] + 0.25 * 50 * row["inet_down_cost"])
        assert row["search"]["totalHour"] == row["dph_total"]
        assert row["vram_costperhour"] == pytest.approx(row["dph_base"] / (row["gpu_total_ram"] / 1024))
        assert row["duration"] == pytest.approx(row["end_date"] - 1_790_000_000.0)


def test_eight_gigabytes_are_priced_when_nothing_is_said(vast: Vast) -> None:
    row = vast.search(limit=1)[0]
    assert row["storage_total_cost"] == pytest.approx(row["storage_cost"] * 8 / 720)


def test_a_bid_row_costs_its_least_bid(vast: Vast) -> None:
    rows = vast.search(type="bid")
    assert all(row["is_bid"] and row["dph_base"] == row["min_bid"] for row in rows)
    assert not any(row["is_bid"] for row in vast.search())


def test_the_three_ways_to_search_agree_and_need_no_key(vast_sim: Simulator[VastMarket]) -> None:
    anybody = Caller(vast_sim.url, key=None)
    query = {"gpu_name": {"in": ["RTX 4090", "RTX 5090"]}, "num_gpus": {"gte": 2}, "order": BY_PRICE, "limit": 20}
    posted = anybody.json("POST", "/api/v0/bundles/", query)["offers"]
    assert posted
    assert posted == anybody.json("GET", "/api/v0/bundles/", q=json.dumps(query))["offers"]
    body = {"select_cols": ["*"], "q": query}
    assert posted == anybody.json("PUT", "/api/v0/search/asks/", body)["offers"]


@pytest.mark.parametrize(
    ("filters", "holds"),
    [
        ({"num_gpus": {"eq": "2"}}, lambda row: row["num_gpus"] == 2),
        ({"gpu_ram": {"gte": 24000, "lt": 50000}}, lambda row: 24000 <= row["gpu_ram"] < 50000),
        ({"verified": {"eq": True}}, lambda row: row["verification"] == "verified"),
        ({"datacenter": {"eq": True}}, lambda row: row["hosting_type"] == 1),
        ({"geolocation": {"notin": ["US"]}}, lambda row: not (row["geolocation"] or "").endswith("US")),
        ({"geolocation": {"eq": "DE"}}, lambda row: row["geolocation"].endswith(", DE")),
        ({"driver_version": {"gte": "580000000"}}, lambda row: row["driver_vers"] >= 580_000_000),
        ({"duration": {"gte": 86_400 * 30}}, lambda row: row["duration"] >= 86_400 * 30),
        ({"static_ip": {"eq": "true"}}, lambda row: row["static_ip"] is True),
        ({"dph_total": {"lte": 0.2}}, lambda row: row["dph_total"] <= 0.2),
    ],
)
def test_filters_mean_what_they_say(vast: Vast, filters: dict[str, Any], holds: Any) -> None:
    rows = vast.search(**filters)
    assert rows
    assert all(holds(row) for row in rows)


def test_known_traps_of_the_real_search_are_there(vast: Vast) -> None:
    row = vast.search(limit=1)[0]
    assert vast.search(id={"eq": row["id"]}) == []
    assert [one["id"] for one in vast.search(ask_contract_id={"eq": row["id"]})] == [row["id"]]
    assert vast.search(gpu_name={"eq": row["gpu_name"].replace(" ", "_")}) == []
    assert vast.search(rented={"eq": True}) != []


def test_without_an_order_two_searches_differ(vast: Vast) -> None:
    first, second = (vast.json("POST", "/api/v0/bundles/", {})["offers"] for _ in range(2))
    assert [row["id"] for row in first] != [row["id"] for row in second]


def test_the_order_may_name_several_columns(vast: Vast) -> None:
    rows = vast.search(order=[["num_gpus", "desc"], ["dph_total", "asc"]])
    keys = [(-row["num_gpus"], row["dph_total"]) for row in rows]
    assert keys == sorted(keys)


@pytest.mark.parametrize(
    ("query", "error", "words"),
    [
        ({"gpu_name": "RTX 4090", "num_gpus": 1}, "bad_request", "q.gpu_name: Input should be a valid dictionary; q.n"),
        ({"limit": {"eq": 5}}, "bad_request", "limit: Input should be a valid integer"),
        ({"price_per_day": {"lt": 1}}, "invalid_request", "price_per_day is not a valid search key"),
        ({"num_gpus": {"above": 1}}, "invalid_request", "above is not a valid search op"),
    ],
)
def test_a_query_out_of_the_grammar_is_refused_in_the_recorded_words(
    vast: Vast, query: dict[str, Any], error: str, words: str
) -> None:
    response = vast.call("POST", "/api/v0/bundles/", query)
    assert response.status_code == 400
    assert response.json()["error"] == error
    assert words in response.json()["msg"]


def test_gpu_names_are_those_on_the_market(vast: Vast) -> None:
    names = vast.json("GET", "/api/v0/gpu_names/unique/")["gpu_names"]
    assert names == sorted(names)
    assert {row["gpu_name"] for row in vast.search()} <= set(names)


def test_churn_changes_ids_and_prices_and_keeps_the_size(vast: Vast) -> None:
    before = {row["id"]: row["dph_total"] for row in vast.sweep()}
    vast.json("POST", "/_sim/offers/churn", {"fraction": 0.2})
    after = {row["id"]: row["dph_total"] for row in vast.sweep()}
    kept = before.keys() & after.keys()
    assert len(before) * 0.6 < len(kept) < len(before) * 0.95
    assert any(before[one] != after[one] for one in kept)
    assert abs(len(after) - len(before)) < len(before) * 0.25
