"""Around the machines of the fake TensorDock: credentials, hostnodes, secrets, limits."""

from simulators import Simulator
from simulators.tensordock.market import TensorDockMarket
from tests.simulators.support import Caller, Dock

Sim = Simulator[TensorDockMarket]


def test_credentials_are_plain_text_401_and_403_for_hostnodes(dock_sim: Sim) -> None:
    for key in (None, "wrong"):
        stranger = Caller(dock_sim.url, key=key)
        response = stranger.call("GET", "/api/v2/instances")
        assert (response.status_code, response.text) == (401, "Unauthorized")
        assert stranger.call("GET", "/api/v2/hostnodes").status_code == 403
    assert Caller(dock_sim.url).json("POST", "/api/v2/auth/test")["success"] is True


def test_hostnodes_are_empty_unless_switched_on(dock: Dock) -> None:
    assert dock.json("GET", "/api/v2/hostnodes") == {"data": {"hostnodes": []}}
    dock.json("POST", "/_sim/options", {"hostnodes": True})
    nodes = dock.json("GET", "/api/v2/hostnodes")["data"]["hostnodes"]
    node = next(one for one in nodes if one["available_resources"]["vcpu_count"] >= 8)
    assert dock.json("GET", f"/api/v2/hostnodes/{node['id']}")["data"] == node
    gpu = node["available_resources"]["gpus"][0]["v0Name"]
    resources = {"vcpu_count": 2, "ram_gb": 8, "storage_gb": 100, "gpus": {gpu: {"count": 1}}}
    vm_id = dock.rent(hostnode_id=node["id"], location_id=None, resources=resources)
    assert dock.truth(vm_id)["location_id"] == node["location_id"]


def test_a_secret_serves_as_ssh_key(dock: Dock) -> None:
    attributes = {"name": "me", "type": "SSHKEY", "value": "ssh-ed25519 CCCC"}
    secret = dock.json("POST", "/api/v2/secrets", {"data": {"type": "secret", "attributes": attributes}})["data"]
    vm_id = dock.rent(ssh_key=None, ssh_key_id=secret["id"])
    assert dock.truth(vm_id)["ssh_keys"] == ["ssh-ed25519 CCCC"]
    assert dock.json("GET", "/api/v2/secrets")["data"]["secrets"] == [
        {"id": secret["id"], "name": "me", "type": "SSHKEY"}
    ]
    dock.json("DELETE", f"/api/v2/secrets/{secret['id']}")
    assert dock.call("GET", f"/api/v2/secrets/{secret['id']}").status_code == 404


def test_a_hundred_calls_a_minute_and_no_more(dock: Dock, dock_sim: Sim) -> None:
    dock.json("POST", "/_sim/options", {"rate_limits": True})
    statuses = [dock.call("GET", "/api/v2/instances").status_code for _ in range(102)]
    assert statuses == [200] * 100 + [429] * 2
    assert int(dock.call("GET", "/api/v2/instances").headers["Retry-After"]) <= 60
    dock_sim.advance(60)
    assert dock.call("GET", "/api/v2/instances").status_code == 200
