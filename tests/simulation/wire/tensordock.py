"""TensorDock's API before the simulated truth: loose shapes, errors inside a 200, and names for tags."""

from typing import Any

import msgspec

from chalicelib.domain.errors import LaunchRefused, LaunchUncertain, OfferGone, ProviderError
from chalicelib.domain.instance import Absent
from chalicelib.domain.offer import Offer, disk_rented
from chalicelib.ports import LaunchOrder, Provider
from chalicelib.providers.tensordock import TensorDock
from chalicelib.providers.tensordock_offers import read_offers
from tests.builders import NOW
from tests.simulation.kernel import Violation
from tests.simulation.machine import Machine
from tests.simulation.wire.network import Reply, Request, json, text
from tests.simulation.wire.place import Call, Place, expect, ordered
from tests.simulation.wire.tensordock_rows import Body, described, location, location_of, made, nested


class TensorDockPlace(Place):
    name = "tensordock"
    url = "https://dashboard.tensordock.com"
    wrong_shapes: tuple[object, ...] = (
        "ok",
        None,
        {},
        {"data": None},
        {"data": {"type": "success"}},
        {"message": "welcome"},
    )

    def adapter(self, http: Any, create_seconds: float) -> Provider:
        return TensorDock(http, self.kernel, create_seconds)

    def id_of(self, number: int) -> str:
        return f"5a1e{number:04x}-0000-4000-8000-{number:012x}"

    def listed(self, offers: list[Offer]) -> list[Offer]:
        plain = [offer for offer in offers if not offer.spot]  # it has nothing interruptible
        rows = [location(f"{number:08x}-aaaa-4000-8000-000000000000", one) for number, one in enumerate(plain)]
        return read_offers({"data": {"locations": rows}}, NOW)

    def route(self, request: Request, call: Call) -> Reply:
        match request.method, *request.path.removeprefix("/api/v2/").strip("/").split("/"):
            case "GET", "locations":
                return self._locations(call)
            case "POST", "instances":
                return self._create(request, call)
            case "GET", "instances":
                return self._list(call)
            case "GET", "instances", name:
                return self._get(call, name)
            case "DELETE", "instances", name:
                return self._destroy(call, name)
        raise Violation("wire", f"no route of this market: {request.method} {request.path}")

    def unauthorised(self) -> Reply:
        return self.choose(
            lambda: text(401, "Unauthorized", "text/plain"),
            lambda: text(403, "", "text/plain"),
            lambda: json(200, {"status": 401, "error": "Unauthorized"}),
            lambda: json(403, {"error": "Forbidden"}),
        )

    def failure(self, error: ProviderError, request: Request, call: Call, waited: float) -> Reply:
        if isinstance(error, LaunchUncertain) and error.instance_id:
            return self.told(self._failed_and_made(error.instance_id))
        if isinstance(error, LaunchUncertain) and waited < request.patience and self.rng.random() < 0.4:
            return self.told(self._no_id())
        if isinstance(error, OfferGone) and call.method == "quote":
            return self.told(json(200, {"data": {"locations": self._rows(without=call.subject)}}))
        if isinstance(error, OfferGone) or (isinstance(error, LaunchRefused) and error.kind == "no_capacity"):
            call.meant = OfferGone(error.reason)
            return self.told(self._sold())
        if isinstance(error, LaunchRefused):
            return self.told(self._no_funds() if error.kind == "no_funds" else self._bad_order())
        return super().failure(error, request, call, waited)

    # --- offers

    def _locations(self, call: Call) -> Reply:
        """All of them at once: the call of the port says which one somebody waits for."""
        found = self.market.quote(call.subject)
        call.meant = found
        return self.told(json(200, {"data": {"locations": [*self._rows(without=found), location_of(found)]}}))

    def _rows(self, without: Offer) -> list[Body]:
        return [location_of(offer) for offer in self.market.offers.values() if offer.id != without.id]

    # --- create

    def _create(self, request: Request, call: Call) -> Reply:
        order = ordered(call)
        _check(request.body["data"]["attributes"], order)
        receipt = self.market.create(order)
        call.meant = receipt
        machine = self.market.machines[receipt.instance_id]
        if machine.label != order.tag and self.rng.random() < 0.5:  # it tells of the wrong name at once
            call.meant = LaunchUncertain("another name", receipt.instance_id)
            return self.told(json(200, made(machine.id, machine.label)))
        body = {"id": machine.id, "name": order.tag, "status": "queued"}
        return self.told(
            self.choose(
                lambda: json(200, made(machine.id, order.tag)),
                lambda: json(200, {"data": {"id": machine.id}}),
                lambda: json(200, body),
                lambda: json(201, made(machine.id, order.tag)),
            )
        )

    def _failed_and_made(self, instance_id: str) -> Reply:
        body = made(instance_id, None)
        return self.choose(
            lambda: json(200, {**body, "error": "Unexpected error during deployment"}),
            lambda: json(400, body),
            lambda: json(200, {"data": {**body["data"], "status": 500, "error": "no available nodes found"}}),
            lambda: json(200, {"id": instance_id, "success": False}),
        )

    def _no_id(self) -> Reply:
        return self.choose(
            lambda: json(200, {"data": {"type": "virtualmachine", "status": "running"}}),
            lambda: json(200, {"data": {"type": "virtualmachine", "id": "", "status": "running"}}),
            lambda: json(200, {"status": 400, "error": "Unexpected error during deployment"}),
            lambda: json(200, {"status": 500, "error": "no available nodes found"}),
            lambda: json(400, {"error": "Virtual machine deployment failed"}),
            lambda: Reply(200, b'{"data": {"type": "virtualmachine", "id": "5a1e'),
            lambda: Reply(204, b""),
        )

    def _sold(self) -> Reply:
        none = {"status": 400, "error": "No available nodes found"}
        return self.choose(
            lambda: json(200, none),
            lambda: json(400, none),
            lambda: json(200, {"data": {"status": 400, "error": "Out of stock"}}),
            lambda: json(200, {"status": 400, "error": "Insufficient capacity on hostnode"}),
            lambda: json(200, {"status": 400, "error": "No available public IPs on hostnode"}),
        )

    def _no_funds(self) -> Reply:
        return self.choose(
            lambda: json(200, {"status": 400, "error": "You need at least $1 in your account"}),
            lambda: json(400, {"error": "Insufficient funds"}),
        )

    def _bad_order(self) -> Reply:
        finding = {"code": "custom", "message": "SSH port (22) must be forwarded for Ubuntu VMs", "path": ["data", 0]}
        return self.choose(
            lambda: json(400, [finding]),
            lambda: json(400, [{"code": "invalid_type", "path": ["data", "attributes", "image"]}]),
            lambda: json(200, {"status": 400, "error": "RAM per GPU exceeds ratio limit"}),
        )

    # --- machines

    def _get(self, call: Call, name: str) -> Reply:
        found = self.market.get(name)
        call.meant = found
        if isinstance(found, Absent):
            return self.told(
                self.choose(lambda: text(404, "Not found"), lambda: json(404, {"error": "Instance not found"}))
            )
        row = described(found, self.rng)
        return self.told(json(200, self.rng.choice((row, {"data": row}, nested(row)))))

    def _destroy(self, call: Call, name: str) -> Reply:
        self.market.destroy(name)
        call.meant = None
        machine = self.market.machines.get(name)
        message = "Instance deleted successfully"
        yes: tuple[Reply, ...] = (
            json(200, {"data": {"type": "success", "attributes": {"message": message}}}),
            json(200, {"data": {"message": message}}),
            Reply(204, b""),
        )
        if machine is None or not machine.seen(self.kernel.time):
            yes = (json(404, {"error": "Instance not found"}), json(400, {"error": "instance already deleted"}))
        elif self.market.faults.hits("destroy_404"):
            yes = (text(404, "Not Found"),)
        return self.told(self.rng.choice(yes))

    def _list(self, call: Call) -> Reply:
        def make(seen: list[Machine]) -> Reply:
            here = [self.market.described(machine, self.kernel.time) for machine in seen]
            call.pages[""] = here
            rows = [described(machine, self.rng) for machine in here]
            deep = [nested(row) for row in rows]
            return self.choose(
                lambda: json(200, {"data": rows}),
                lambda: json(200, {"data": {"instances": deep}}),
                lambda: json(200, {"data": {"type": "list", "id": "instances", "attributes": {"instances": rows}}}),
                lambda: json(200, rows),
                lambda: json(200, {"data": rows, "meta": {"total": len(rows)}}),
            )

        return self.page(call, "", make, self._spoiled)

    def _spoiled(self, whole: Reply) -> Reply:
        rows = msgspec.json.decode(whole.content)
        rows = rows["data"] if isinstance(rows, dict) else rows
        rows = rows if isinstance(rows, list) else []
        twice = {"id": self.id_of(1), "name": "a", "status": "running"}
        return self.choose(
            lambda: json(200, {"data": rows[1:], "meta": {"total": len(rows) + 1}}),
            lambda: json(200, {"data": rows[:25], "links": {"next": "/api/v2/instances?page=2"}}),
            lambda: json(200, {"data": [*rows, {"name": "x"}]}),
            lambda: json(200, {"data": [*rows, None]}),
            lambda: json(200, {"data": [twice, {**twice, "name": "b"}]}),
            lambda: json(200, {"data": {"instances": None}}),
            lambda: json(200, {"data": {}}),
            lambda: json(200, {"status": 500, "error": "database error"}),
            lambda: json(206, {"data": rows[:1]}),
            lambda: json(404, {"error": "no route"}),
            lambda: Reply(200, b""),
            lambda: Reply(204, b""),
            lambda: Reply(200, whole.content[: max(1, len(whole.content) // 2)]),
        )


def _check(attributes: Body, order: LaunchOrder) -> None:
    location, _, gpu = order.offer.provider_offer_id.partition(":")
    expect("location", attributes["location_id"], location)
    expect("GPU", attributes["resources"]["gpus"], {gpu: {"count": order.offer.gpu_count}})
    expect("name", attributes["name"], order.tag)
    expect("SSH key", attributes["ssh_key"], order.ssh_public_key)
    expect("disk", attributes["resources"]["storage_gb"], disk_rented(order.offer, order.disk_gb))
    if order.agent is not None:
        expect("agent", any("agent.env" in command for command in attributes["cloud_init"]["runcmd"]), True)
    expect("forward of SSH", {"internal_port": 22, "external_port": 0} in attributes["port_forwards"], True)
