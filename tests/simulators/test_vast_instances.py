"""A rented instance of the fake Vast.ai, as its renter sees it live, stop, get lost and end."""

import json
from typing import Any

import pytest

from simulators import ManualClock, Simulator, start_vastai
from simulators.vastai.market import VastMarket
from tests.simulators.support import Caller, Vast, ssh_answers

Sim = Simulator[VastMarket]


def booted(vast: Vast, sim: Sim, **body: Any) -> int:
    instance = vast.rent(**body)
    sim.advance(60)
    return instance


def test_a_boot_passes_through_the_recorded_stages(vast: Vast, vast_sim: Sim) -> None:
    instance = vast.rent(env={"A": "b", "-p 8000:8000": "1"})
    row = vast.get(instance)
    assert (row["actual_status"], row["intended_status"], row["cur_state"]) == (None, "running", "running")
    assert (row["direct_port_start"], "ports" in row, row["extra_env"][0]) == (-1, False, ["A", "b"])
    assert not ssh_answers(row["ssh_port"])
    vast_sim.advance(60)
    row = vast.get(instance)
    assert [stage for _, stage in vast.truth(instance)["history"]] == ["", "created", "loading", "running"]
    assert row["status_msg"] == "success, running pytorch/pytorch/ssh"
    assert row["ports"]["22/tcp"][0]["HostPort"] == str(row["ssh_port"])
    assert set(row["ports"]) == {"22/tcp", "8000/tcp"}
    assert ssh_answers(row["ssh_port"], row["public_ipaddr"])


def test_a_boot_takes_the_configured_time_give_or_take_a_quarter(clock: ManualClock) -> None:
    with start_vastai(clock=clock, boot_seconds=100) as simulator:
        vast = Vast(simulator.url)
        ids = [vast.rent() for _ in range(12)]
        simulator.advance(1_000)
        took = [vast.truth(one)["booted_at"] - vast.truth(one)["created_at"] for one in ids]
    assert all(75 <= seconds <= 125 for seconds in took)
    assert max(took) - min(took) > 5


def test_without_direct_ports_there_is_no_port_map(vast: Vast, vast_sim: Sim) -> None:
    row = vast.get(booted(vast, vast_sim, runtype="ssh_proxy"))
    assert "ports" not in row
    assert ssh_answers(row["ssh_port"], row["ssh_host"])


def test_a_stop_frees_the_gpu_and_goes_on_billing_the_disk(vast: Vast, vast_sim: Sim) -> None:
    instance = booted(vast, vast_sim)
    assert vast.json("PUT", f"/api/v0/instances/{instance}/", {"state": "stopped"}) == {"success": True}
    vast_sim.advance(5)
    row = vast.get(instance)
    assert (row["actual_status"], row["intended_status"], row["cur_state"]) == ("exited", "stopped", "stopped")
    assert not ssh_answers(row["ssh_port"])
    before = vast.truth(instance)["seconds"]
    vast_sim.advance(100)
    after = vast.truth(instance)["seconds"]
    assert after["gpu"] == before["gpu"]
    assert after["disk"] == pytest.approx(before["disk"] + 100)
    assert vast.search(machine_id={"eq": row["machine_id"]})


def test_a_start_on_a_busy_machine_is_queued_and_bills_later(vast: Vast, vast_sim: Sim) -> None:
    instance = booted(vast, vast_sim)
    machine = vast.get(instance)["machine_id"]
    vast.json("PUT", f"/api/v0/instances/{instance}/", {"state": "stopped"})
    vast_sim.advance(5)
    whole = max(vast.search(machine_id={"eq": machine}), key=lambda row: row["num_gpus"])
    rival = vast.rent(whole["id"])
    answer = vast.json("PUT", f"/api/v0/instances/{instance}/", {"state": "running"})
    assert answer["success"] is False
    assert "state change queued" in answer["msg"]
    vast.destroy(rival)
    vast_sim.advance(60)
    assert vast.get(instance)["actual_status"] == "running"


def test_destroying_twice_is_a_404_and_reads_turn_null(vast: Vast, vast_sim: Sim) -> None:
    instance = booted(vast, vast_sim)
    port = vast.get(instance)["ssh_port"]
    assert vast.destroy(instance).json() == {"success": True}
    again = vast.destroy(instance)
    assert (again.status_code, again.json()["error"]) == (404, "no_such_instance")
    assert vast.get(instance) is None
    assert vast.list()["instances"] == []
    assert not ssh_answers(port)


def test_the_list_comes_in_pages_of_twenty_five_with_tokens(vast: Vast) -> None:
    ids = {vast.rent(label=f"l{index % 2}") for index in range(30)}
    first = vast.list()
    assert (first["instances_found"], first["total_instances"]) == (25, 30)
    assert first["label_counts"] == {"l0": 15, "l1": 15}
    vast.destroy(first["instances"][-1]["id"])
    second = vast.list(after_token=first["next_token"])
    assert second["next_token"] is None
    assert {row["id"] for row in first["instances"] + second["instances"]} == ids
    assert len(vast.json("GET", "/api/v1/instances/")["instances"]) == 5
    assert vast.call("GET", "/api/v1/instances/", after_token="xx").json()["error"] == "invalid_token"


def test_the_list_filters_orders_and_selects(vast: Vast) -> None:
    vast.rent(label="a")
    wanted = vast.rent(label="b")
    filtered = vast.list(select_filters=json.dumps({"label": {"eq": "b"}}), select_cols='["id","label","nonsense"]')
    assert filtered["instances"] == [{"id": wanted, "label": "b", "nonsense": None}]
    ordered = vast.list(order_by='[{"col":"label","dir":"desc"}]')
    assert [row["label"] for row in ordered["instances"]] == ["b", "a"]
    computed = vast.call("GET", "/api/v1/instances/", select_filters='{"dph_total":{"lt":1}}')
    assert computed.status_code == 400


def test_the_old_list_is_gone_unless_switched_on(vast: Vast) -> None:
    instance = vast.rent()
    gone = vast.call("GET", "/api/v0/instances/")
    assert (gone.status_code, gone.json()["error"]) == (410, "deprecated_endpoint")
    vast.json("POST", "/_sim/options", {"v0_list": True})
    assert [row["id"] for row in vast.json("GET", "/api/v0/instances/")["instances"]] == [instance]


def test_reads_may_lag_behind_the_truth_both_ways(clock: ManualClock) -> None:
    with start_vastai(clock=clock, lag_seconds=10) as simulator:
        vast = Vast(simulator.url)
        instance = vast.rent()
        assert vast.get(instance) is None
        simulator.advance(10)
        assert vast.get(instance)["id"] == instance
        vast.destroy(instance)
        assert [row["id"] for row in vast.list()["instances"]] == [instance]
        simulator.advance(10)
        assert vast.list()["instances"] == []


def test_being_outbid_stops_the_machine_until_a_better_bid(vast: Vast, vast_sim: Sim) -> None:
    offer = vast.search(type="bid")[0]
    instance = vast.rent(offer["id"], price=offer["min_bid"])
    vast_sim.advance(60)
    vast.json("POST", f"/_sim/machines/{instance}/outbid", {"min_bid": 9.0})
    row = vast.get(instance)
    assert {row["cur_state"], row["intended_status"], row["next_state"]} == {"stopped"}
    vast.json("PUT", f"/api/v0/instances/bid_price/{instance}/", {"client_id": "me", "price": 9.5})
    vast_sim.advance(60)
    row = vast.get(instance)
    assert (row["actual_status"], row["dph_base"]) == ("running", 9.5)


def test_an_offline_host_bills_nothing_and_comes_back(vast: Vast, vast_sim: Sim) -> None:
    instance = booted(vast, vast_sim)
    port = vast.get(instance)["ssh_port"]
    vast.json("POST", f"/_sim/machines/{instance}/offline")
    cost = vast.truth(instance)["cost"]
    vast_sim.advance(600)
    assert vast.get(instance)["actual_status"] == "offline"
    assert vast.truth(instance)["cost"] == cost
    assert not ssh_answers(port)
    vast.json("POST", f"/_sim/machines/{instance}/online")
    assert vast.get(instance)["actual_status"] == "running"
    assert ssh_answers(port)


def test_a_machines_own_key_reads_and_destroys_that_machine_alone(vast: Vast, vast_sim: Sim) -> None:
    mine = vast.create(vast.search()[0]["id"]).json()
    other = vast.rent()
    agent = Vast(vast_sim.url, key=mine["instance_api_key"])
    assert agent.get(mine["new_contract"])["id"] == mine["new_contract"]
    assert agent.destroy(other).status_code == 403
    assert agent.call("GET", "/api/v1/instances/").status_code == 403
    assert agent.call("PUT", f"/api/v0/instances/{mine['new_contract']}/", {"state": "stopped"}).status_code == 403
    assert agent.destroy(mine["new_contract"]).json() == {"success": True}
    assert agent.call("GET", f"/api/v0/instances/{mine['new_contract']}/").status_code == 404


def test_wrong_and_missing_credentials_have_their_recorded_forms(vast_sim: Sim) -> None:
    wrong = Caller(vast_sim.url, key="stolen").call("GET", "/api/v1/instances/")
    assert (wrong.status_code, wrong.json()["error"]) == (404, "auth_error")
    nobody = Caller(vast_sim.url, key=None).call("GET", "/api/v1/instances/")
    assert (nobody.status_code, nobody.json()["error"]) == (403, "auth_error")
    in_query = Caller(vast_sim.url, key=None).call("GET", "/api/v0/users/current", api_key="sim-key")
    assert in_query.status_code == 200
