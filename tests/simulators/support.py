"""Small clients of the fake markets, as plain as a client can be."""

import socket
from typing import Any

import requests

from simulators.ssh import BANNER


class Caller:
    """JSON over one keep-alive connection, with the simulator's default key."""

    def __init__(self, url: str, key: str | None = "sim-key") -> None:
        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False
        if key is not None:
            self._session.headers["Authorization"] = f"Bearer {key}"

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> requests.Response:
        return self._session.request(method, self.url + path, json=body, params=query or None, timeout=10)

    def json(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """The body of a 2xx; anything else fails the test."""
        response = self.call(method, path, body, **query)
        assert response.ok, f"{method} {path}: {response.status_code} {response.text[:300]}"
        return response.json()

    def fault(self, name: str, **fault: Any) -> None:
        self.json("POST", "/_sim/faults", {"name": name, **fault})

    def truth(self, machine_id: object) -> Any:
        """What the market really knows of a machine."""
        return self.json("GET", f"/_sim/machines/{machine_id}")


class Vast(Caller):
    def search(self, **filters: Any) -> list[dict[str, Any]]:
        query = {"rentable": {"eq": True}, "order": [["dph_total", "asc"], ["id", "asc"]], **filters}
        offers: list[dict[str, Any]] = self.json("POST", "/api/v0/bundles/", query)["offers"]
        return offers

    def sweep(self, **filters: Any) -> list[dict[str, Any]]:
        """Every offer there is, by pages of rising price."""
        found: dict[int, dict[str, Any]] = {}
        floor = 0.0
        while True:
            page = self.search(**filters, dph_total={"gte": floor})
            fresh = {row["id"]: row for row in page if row["id"] not in found}
            found.update(fresh)
            if len(page) < 64 or not fresh:
                return list(found.values())
            floor = page[-1]["dph_total"]

    def create(self, offer_id: int, **body: Any) -> requests.Response:
        order = {"client_id": "me", "image": "pytorch/pytorch", "disk": 20, "runtype": "ssh_direct", **body}
        return self.call("PUT", f"/api/v0/asks/{offer_id}/", order)

    def rent(self, offer_id: int | None = None, **body: Any) -> int:
        offer_id = offer_id if offer_id is not None else self.search()[0]["id"]
        response = self.create(offer_id, **body)
        assert response.json().get("success"), response.text
        return int(response.json()["new_contract"])

    def get(self, instance_id: int) -> Any:
        return self.json("GET", f"/api/v0/instances/{instance_id}/")["instances"]

    def list(self, **query: Any) -> Any:
        return self.json("GET", "/api/v1/instances/", limit=25, **query)

    def destroy(self, instance_id: int) -> requests.Response:
        return self.call("DELETE", f"/api/v0/instances/{instance_id}/", {})


class Dock(Caller):
    def rows(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """(location, gpu) for every row."""
        locations = self.json("GET", "/api/v2/locations")["data"]["locations"]
        return [(location, gpu) for location in locations for gpu in location["gpus"]]

    def body(self, **changes: Any) -> dict[str, Any]:
        """A create that is in order, for the first row that can take it."""
        location, gpu = next(
            (place, gpu)
            for place, gpu in self.rows()
            if gpu["resources"]["max_vcpus"] >= 8 and gpu["network_features"]["port_forwarding_available"]
        )
        attributes = {
            "name": "shopper-test",
            "type": "virtualmachine",
            "image": "ubuntu2404_ml_everything",
            "resources": {"vcpu_count": 8, "ram_gb": 32, "storage_gb": 100, "gpus": {gpu["v0Name"]: {"count": 1}}},
            "location_id": location["id"],
            "port_forwards": [{"internal_port": 22, "external_port": 0}],
            "ssh_key": "ssh-ed25519 AAAA me@here",
            **changes,
        }
        return {"data": {"type": "virtualmachine", "attributes": attributes}}

    def create(self, **changes: Any) -> requests.Response:
        return self.call("POST", "/api/v2/instances", self.body(**changes))

    def rent(self, **changes: Any) -> str:
        response = self.create(**changes)
        assert "error" not in response.json(), response.text
        return str(response.json()["data"]["id"])

    def get(self, vm_id: str) -> Any:
        return self.json("GET", f"/api/v2/instances/{vm_id}")

    def list(self) -> Any:
        return self.json("GET", "/api/v2/instances")

    def destroy(self, vm_id: str) -> requests.Response:
        return self.call("DELETE", f"/api/v2/instances/{vm_id}")


def ssh_answers(port: int, host: str = "127.0.0.1", patience: float = 5.0) -> bool:
    """Does the banner come from there?"""
    try:
        with socket.create_connection((host, port), timeout=patience) as connection:
            return connection.recv(64) == BANNER
    except OSError:
        return False
