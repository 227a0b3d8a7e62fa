"""Every nasty thing the fake Vast.ai can do on demand."""

import json
from typing import Any

import pytest
import requests

from simulators import Simulator
from simulators.vastai.market import VastMarket
from tests.simulators.support import Vast, ssh_answers

Sim = Simulator[VastMarket]


def made(vast: Vast) -> list[Any]:
    """Every machine that really exists."""
    return [one for one in vast.json("GET", "/_sim/machines")["machines"] if one["alive"]]


@pytest.mark.parametrize("effect", [False, True])
@pytest.mark.parametrize("kind", ["error", "garbage"])
def test_a_create_can_fail_with_or_without_effect(vast: Vast, kind: str, effect: bool) -> None:
    vast.fault(f"create.{kind}", count=1, params={"effect": effect})
    response = vast.create(vast.search()[0]["id"], label="mine")
    assert response.status_code == (500 if kind == "error" else 200)
    with pytest.raises(requests.JSONDecodeError):
        response.json()
    assert [one["label"] for one in made(vast)] == (["mine"] if effect else [])


@pytest.mark.parametrize("effect", [False, True])
def test_a_create_can_hang_and_break_with_or_without_effect(vast: Vast, effect: bool) -> None:
    vast.fault("create.hang", count=1, params={"seconds": 0.05, "effect": effect})
    with pytest.raises(requests.ConnectionError):
        vast.create(vast.search()[0]["id"])
    assert len(made(vast)) == int(effect)


def test_a_create_can_take_effect_two_minutes_late(vast: Vast, vast_sim: Sim) -> None:
    vast.fault("create.late", count=1, params={"seconds": 120})
    assert vast.create(vast.search()[0]["id"], label="late").status_code == 500
    vast_sim.advance(119)
    assert made(vast) == []
    vast_sim.advance(2)
    assert [one["label"] for one in made(vast)] == ["late"]


def test_a_create_can_answer_without_an_id(vast: Vast) -> None:
    vast.fault("create.no_id", count=1)
    assert vast.create(vast.search()[0]["id"]).json() == {"success": True}
    assert len(made(vast)) == 1


def test_a_create_can_say_no_and_name_the_machine_it_made(vast: Vast) -> None:
    vast.fault("create.false_with_id", count=1)
    answer = vast.create(vast.search()[0]["id"]).json()
    assert answer["success"] is False
    assert [one["id"] for one in made(vast)] == [str(answer["new_contract"])]


def test_a_create_can_lose_the_label_or_make_two(vast: Vast) -> None:
    vast.fault("create.wrong_label", count=1)
    vast.rent(label="mine")
    vast.fault("create.twice", count=1, match={"label": "twin"})
    vast.rent(label="twin")
    assert sorted(one["label"] or "" for one in made(vast)) == ["", "twin", "twin"]


@pytest.mark.parametrize("honest", [False, True])
def test_a_list_can_miss_the_newest_and_own_up_to_it_or_not(vast: Vast, vast_sim: Sim, honest: bool) -> None:
    old = vast.rent()
    vast_sim.advance(1)
    vast.rent()
    vast.fault("list.partial", count=1, params={"honest": honest})
    answer = vast.list()
    assert [row["id"] for row in answer["instances"]] == [old]
    assert answer["total_instances"] == (2 if honest else 1)


def test_a_list_can_be_empty_cut_stale_or_strange(vast: Vast, vast_sim: Sim) -> None:
    for _ in range(30):
        vast.rent()
    vast.fault("list.empty", count=1)
    assert vast.list()["total_instances"] == 0
    vast.fault("list.cut", count=1)
    assert vast.list()["next_token"] is None
    vast.fault("list.stale", count=1, params={"seconds": 60})
    assert vast.list()["instances"] == []
    vast.fault("list.shape", count=1)
    assert "instances" not in vast.list()
    vast_sim.advance(60)
    vast.fault("list.stale", count=1, params={"seconds": 59})
    assert {row["actual_status"] for row in vast.list()["instances"]} == {None}


def test_a_read_can_deny_a_machine_that_lives(vast: Vast) -> None:
    instance = vast.rent()
    vast.fault("get.absent", count=1, match={"id": str(instance)})
    assert vast.get(instance) is None
    assert vast.get(instance)["id"] == instance


@pytest.mark.parametrize(
    ("name", "status", "body"),
    [
        ("destroy.ignored", 200, {"success": True}),
        ("destroy.404", 404, {"error": "no_such_instance"}),
        ("destroy.refused", 200, {"success": False}),
    ],
)
def test_a_destroy_can_lie_and_the_machine_lives_on(vast: Vast, name: str, status: int, body: dict[str, Any]) -> None:
    instance = vast.rent()
    vast.fault(name, count=2)
    for _ in range(2):
        response = vast.destroy(instance)
        assert response.status_code == status
        assert body.items() <= response.json().items()
        assert vast.truth(instance)["alive"]
    assert vast.destroy(instance).json() == {"success": True}
    assert len(vast.truth(instance)["destroy_calls"]) == 3


def test_a_destroy_can_only_stop(vast: Vast, vast_sim: Sim) -> None:
    instance = vast.rent()
    vast_sim.advance(60)
    vast.fault("destroy.stops", count=1)
    assert vast.destroy(instance).json() == {"success": True}
    vast_sim.advance(10)
    assert vast.get(instance)["cur_state"] == "stopped"
    assert vast.truth(instance)["rate_per_hour"] > 0


def test_a_destroy_can_fail_after_it_acted(vast: Vast) -> None:
    instance = vast.rent()
    vast.fault("destroy.error", count=1, params={"effect": True, "status": 502})
    assert vast.destroy(instance).status_code == 502
    assert not vast.truth(instance)["alive"]


def test_an_outage_stops_everything_but_the_machines(vast: Vast, vast_sim: Sim) -> None:
    instance = vast.rent()
    vast.fault("any.outage", for_seconds=600)
    assert vast.call("GET", "/api/v1/instances/").status_code == 503
    assert vast.destroy(instance).status_code == 503
    assert vast.truth(instance)["destroy_calls"] == []
    vast_sim.advance(600)
    assert vast.get(instance)["actual_status"] == "running"
    vast.fault("any.outage", for_seconds=600, params={"mode": "close"})
    with pytest.raises(requests.ConnectionError):
        vast.list()


def test_credentials_can_fail_in_both_forms(vast: Vast) -> None:
    vast.fault("any.auth", count=1)
    assert vast.call("GET", "/api/v1/instances/").status_code == 404
    vast.fault("any.auth", count=1, params={"form": "401"})
    response = vast.call("GET", "/api/v1/instances/")
    assert (response.status_code, response.json()["error"]) == (401, "auth_error")
    assert vast.search()


def test_mishaps_of_machines(vast: Vast, vast_sim: Sim) -> None:
    wanted = {
        "dud": "",
        "bad_image": "exited",
        "exits": "exited",
        "vanishes": "gone: vanished",
        "ssh_dead": "running",
    }
    for name in wanted:
        vast.fault(f"machine.{name}", count=1, match={"label": name})
    ids = {name: vast.rent(label=name) for name in wanted}
    vast_sim.advance(600)
    truth = {name: vast.truth(one) for name, one in ids.items()}
    assert {name: one["history"][-1][1] for name, one in truth.items()} == wanted
    assert truth["dud"]["booted_at"] is None
    assert vast.get(ids["bad_image"])["intended_status"] == "stopped"
    assert "not found" in vast.get(ids["bad_image"])["status_msg"]
    assert not ssh_answers(truth["ssh_dead"]["ssh"]["port"])
    assert vast.get(ids["vanishes"]) is None


def test_a_disk_that_does_not_fit_kills_the_container(vast: Vast, vast_sim: Sim) -> None:
    instance = vast.rent(disk=90_000)
    vast_sim.advance(60)
    row = vast.get(instance)
    assert row["actual_status"] == "exited"
    assert "no space left" in row["status_msg"]


def test_prices_and_bids_can_turn_against_the_renter(vast: Vast, vast_sim: Sim) -> None:
    vast.fault("machine.price", count=1, params={"seconds": 30, "factor": 2})
    offer = vast.search()[0]
    dearer = vast.rent(offer["id"])
    bid = vast.search(type="bid")[0]
    vast.fault("machine.outbid", count=1, params={"seconds": 30})
    outbid = vast.rent(bid["id"], price=bid["min_bid"])
    vast_sim.advance(120)
    assert vast.get(dearer)["dph_base"] == pytest.approx(offer["dph_base"] * 2)
    assert vast.get(outbid)["cur_state"] == "stopped"


def test_rate_limits_answer_with_the_recorded_headers(vast: Vast, vast_sim: Sim) -> None:
    vast.json("POST", "/_sim/options", {"rate_limits": True})
    vast.list()
    response = vast.call("GET", "/api/v1/instances/")
    assert response.status_code == 429
    assert response.json()["error"] == "HTTPTooManyRequests"
    assert {"retry-after", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"} <= {
        name.lower() for name in response.headers
    }
    vast_sim.advance(1)
    assert vast.list()["success"] is True
    statuses = [vast.call("POST", "/api/v0/bundles/", {"limit": 1}).status_code for _ in range(12)]
    assert statuses == [200] * 10 + [429] * 2


def test_the_search_quota_lasts_until_midnight(vast: Vast) -> None:
    vast.fault("search.quota", count=1)
    response = vast.call("POST", "/api/v0/bundles/", {})
    assert (response.status_code, response.json()["error"]) == (429, "search_quota_exceeded")
    assert int(response.headers["X-RateLimit-Reset"]) % 86_400 == 0


def test_a_fault_may_be_aimed_at_one_machine(vast: Vast) -> None:
    mine, other = vast.rent(label="shopper-a"), vast.rent(label="b")
    vast.fault("destroy.ignored", match={"label": "shopper-*"})
    for instance in (mine, other):
        vast.destroy(instance)
    assert [one["label"] for one in made(vast)] == ["shopper-a"]
    vast.json("POST", "/_sim/faults", {"clear": True})
    vast.destroy(mine)
    assert made(vast) == []
    assert json.loads(vast.call("GET", "/_sim/faults").text)["active"] == []
