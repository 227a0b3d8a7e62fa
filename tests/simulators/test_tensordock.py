"""The fake TensorDock keeps the contract of its v2 API: stock, create, address, states, end."""

from typing import Any

import pytest

from simulators import ManualClock, Simulator, start_tensordock
from simulators.tensordock.market import TensorDockMarket
from tests.simulators.support import Dock, ssh_answers

Sim = Simulator[TensorDockMarket]


def stock(dock: Dock, body: dict[str, Any]) -> dict[str, Any]:
    """The row that a create body names, as it is now."""
    given = body["data"]["attributes"]
    (name,) = given["resources"]["gpus"]
    return next(gpu for place, gpu in dock.rows() if place["id"] == given["location_id"] and gpu["v0Name"] == name)


def test_locations_are_open_to_all_and_have_about_forty_rows(dock_sim: Sim) -> None:
    rows = Dock(dock_sim.url, key=None).rows()
    assert 36 <= len(rows) <= 44
    assert len({place["id"] for place, _ in rows}) > 15
    assert any(gpu["displayName"] == gpu["v0Name"] for _, gpu in rows)
    assert any(gpu["resources"]["max_vcpus"] == 0 for _, gpu in rows)
    assert any(not gpu["network_features"]["port_forwarding_available"] for _, gpu in rows)


def test_a_create_claims_running_at_once_and_tells_no_address(dock: Dock, dock_sim: Sim) -> None:
    response = dock.create(name="shopper-1")
    created = response.json()["data"]
    assert (response.status_code, created["status"], created["name"]) == (200, "running", "shopper-1")
    vm = dock.get(created["id"])
    assert (vm["status"], vm["ipAddress"]) == ("running", "")
    assert "data" not in vm
    dock_sim.advance(60)
    vm = dock.get(created["id"])
    (forward,) = vm["portForwards"]
    assert (vm["ipAddress"], forward["internal_port"]) == ("127.0.0.1", 22)
    assert forward["external_port"] >= 20_000
    assert ssh_answers(forward["external_port"])


def test_the_price_is_the_sum_of_its_parts_with_a_float_tail(dock: Dock, dock_sim: Sim) -> None:
    body = dock.body()
    row = stock(dock, body)
    vm_id = dock.call("POST", "/api/v2/instances", body).json()["data"]["id"]
    rate = row["price_per_hr"] + 8 * 0.003 + 32 * 0.002 + 100 * 0.00005
    assert dock.get(vm_id)["rateHourly"] == pytest.approx(rate - 1e-6, abs=1e-6)
    dock_sim.advance(3600)
    truth = dock.truth(vm_id)
    assert truth["seconds"] == {"vm": 3600.0}
    assert truth["cost"] == pytest.approx(dock.get(vm_id)["rateHourly"])


def test_renting_takes_from_the_row_and_destroying_gives_back(dock: Dock) -> None:
    body = dock.body()
    before = stock(dock, body)
    vm_id = dock.call("POST", "/api/v2/instances", body).json()["data"]["id"]
    during = stock(dock, body) if before["max_count"] > 1 else {"max_count": 0, "resources": {}}
    assert during["max_count"] == before["max_count"] - 1
    assert dock.destroy(vm_id).json()["data"]["attributes"]["message"] == "Instance deleted successfully"
    assert stock(dock, body) == before


def test_a_row_is_sold_out_when_its_last_gpu_goes(dock: Dock) -> None:
    body = dock.body()
    row = stock(dock, body)
    resources = body["data"]["attributes"]["resources"]
    resources.update(vcpu_count=2, ram_gb=2, gpus={row["v0Name"]: {"count": row["max_count"]}})
    assert "error" not in dock.call("POST", "/api/v2/instances", body).json()
    refused = dock.call("POST", "/api/v2/instances", body)
    assert (refused.status_code, refused.json()) == (200, {"status": 400, "error": "No available nodes found"})
    with pytest.raises(StopIteration):
        stock(dock, body)


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"name": None}, "invalid_type", "name"),
        ({"image": "debian12"}, "invalid_enum_value", "image"),
        ({"image": "ubuntu2404_nvidia_570"}, "invalid_enum_value", "image"),
        ({"port_forwards": []}, "custom", "port_forwards"),
        ({"port_forwards": [22]}, "invalid_type", "port_forwards"),
        ({"ssh_key_id": "x"}, "custom", "ssh_key"),
        ({"ssh_key": None}, "custom", "ssh_key"),
        ({"hostnode_id": "x"}, "custom", "location_id"),
        ({"location_id": None}, "custom", "location_id"),
        (
            {"resources": {"vcpu_count": 8, "ram_gb": 32, "storage_gb": 50, "gpus": {"x": {"count": 1}}}},
            "too_small",
            "",
        ),
        ({"resources": {"vcpu_count": "8", "ram_gb": 32, "storage_gb": 100, "gpus": {}}}, "invalid_type", ""),
        ({"cloud_init": "#cloud-config"}, "invalid_type", "cloud_init"),
    ],
)
def test_a_bad_body_is_an_array_of_complaints(dock: Dock, changes: dict[str, Any], code: str, path: str) -> None:
    response = dock.create(**changes)
    assert response.status_code == 400
    complaints = response.json()
    assert code in [one["code"] for one in complaints]
    assert any(one["path"][:2] == ["data", "attributes"] and path in ("", one["path"][2]) for one in complaints)


def test_the_body_is_checked_before_the_balance_and_that_before_the_stock(clock: ManualClock) -> None:
    with start_tensordock(clock=clock, credit=0.5) as simulator:
        dock = Dock(simulator.url)
        assert dock.create(image="nope").status_code == 400
        assert "at least $1" in dock.create(location_id="nowhere").json()["error"]


def test_a_dedicated_address_has_ssh_on_twenty_two_or_there_is_none(dock: Dock, dock_sim: Sim) -> None:
    body = dock.body(useDedicatedIp=True, port_forwards=[], image="ubuntu2404_nvidia_570")
    place, gpu = next((p, g) for p, g in dock.rows() if g["network_features"]["dedicated_ip_available"])
    body["data"]["attributes"]["location_id"] = place["id"]
    body["data"]["attributes"]["resources"].update(vcpu_count=0, gpus={gpu["v0Name"]: {"count": 1}})
    answer = dock.call("POST", "/api/v2/instances", body).json()
    if "error" in answer:  # This process may not open port 22.
        assert answer == {"status": 400, "error": "No available public IPs on hostnode"}
        return
    dock_sim.advance(60)
    vm = dock.get(answer["data"]["id"])
    assert vm["portForwards"] == []
    assert ssh_answers(22, vm["ipAddress"])


def test_a_stopped_machine_keeps_its_price_unless_disassociated(dock: Dock, dock_sim: Sim) -> None:
    vm_id = dock.rent()
    dock_sim.advance(60)
    rate = dock.get(vm_id)["rateHourly"]
    answer = dock.json("POST", f"/api/v2/instances/{vm_id}/stop")
    assert answer["data"]["attributes"]["status"] == "stopping"
    dock_sim.advance(5)
    assert dock.get(vm_id)["status"] == "stopped"
    assert dock.truth(vm_id)["rate_per_hour"] == rate
    dock.json("POST", f"/api/v2/instances/{vm_id}/start")
    dock_sim.advance(60)
    dock.json("POST", "/_sim/options", {"stop_mode": "disassociated", "status_case": "title"})
    dock.json("POST", f"/api/v2/instances/{vm_id}/stop")
    dock_sim.advance(5)
    assert dock.get(vm_id)["status"] == "StoppedDisassociated"
    assert dock.truth(vm_id)["rate_per_hour"] == pytest.approx(100 * 0.00005)


def test_a_start_moves_ssh_to_another_port_and_fails_when_the_gpu_is_gone(dock: Dock, dock_sim: Sim) -> None:
    dock.json("POST", "/_sim/options", {"stop_mode": "disassociated"})
    body = dock.body()
    vm_id = dock.call("POST", "/api/v2/instances", body).json()["data"]["id"]
    dock_sim.advance(60)
    before = dock.get(vm_id)["portForwards"]
    dock.json("POST", f"/api/v2/instances/{vm_id}/stop")
    dock_sim.advance(5)
    dock.json("POST", f"/api/v2/instances/{vm_id}/start")
    dock_sim.advance(60)
    after = dock.get(vm_id)["portForwards"]
    assert before != after
    assert ssh_answers(after[0]["external_port"])
    dock.json("POST", f"/api/v2/instances/{vm_id}/stop")
    dock_sim.advance(5)
    row = stock(dock, body)
    body["data"]["attributes"]["resources"]["gpus"] = {row["v0Name"]: {"count": row["max_count"]}}
    assert "error" not in dock.call("POST", "/api/v2/instances", body).json()
    assert dock.call("POST", f"/api/v2/instances/{vm_id}/start").status_code == 400


def test_only_stopped_machines_can_be_modified_and_disks_only_grow(dock: Dock, dock_sim: Sim) -> None:
    vm_id = dock.rent()
    change = {"diskGb": 200}
    assert dock.call("PUT", f"/api/v2/instances/{vm_id}/modify", change).status_code == 400
    dock_sim.advance(60)
    dock.json("POST", f"/api/v2/instances/{vm_id}/stop")
    dock_sim.advance(5)
    rate = dock.get(vm_id)["rateHourly"]
    dock.json("PUT", f"/api/v2/instances/{vm_id}/modify", change)
    assert dock.get(vm_id)["resources"]["storage_gb"] == 200
    assert dock.get(vm_id)["rateHourly"] == pytest.approx(rate + 100 * 0.00005)
    assert dock.call("PUT", f"/api/v2/instances/{vm_id}/modify", {"diskGb": 100}).status_code == 400


def test_the_end_is_a_404_for_reads_and_repeats(dock: Dock) -> None:
    vm_id = dock.rent()
    dock.destroy(vm_id)
    assert dock.call("GET", f"/api/v2/instances/{vm_id}").status_code == 404
    assert dock.destroy(vm_id).status_code == 404
    assert dock.list() == {"data": []}


@pytest.mark.parametrize("shape", ["flat", "instances", "jsonapi", "bare"])
def test_the_list_comes_in_each_of_its_four_shapes(dock: Dock, shape: str) -> None:
    vm_id = dock.rent(name="mine")
    dock.json("POST", "/_sim/options", {"list_shape": shape})
    answer = dock.list()
    match shape:
        case "flat":
            (row,) = answer["data"]
        case "instances":
            (row,) = answer["data"]["instances"]
        case "jsonapi":
            (row,) = answer["data"]["attributes"]["instances"]
        case _:
            (row,) = answer
    assert row["id"] == vm_id
    assert {**row, **row.get("attributes", {})}["name"] == "mine"


def test_names_are_not_unique(dock: Dock) -> None:
    assert dock.rent(name="same") != dock.rent(name="same")
