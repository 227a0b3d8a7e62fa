"""TensorDock's rows: a location of its inventory, a machine in either shape, and the answer to a create."""

from random import Random
from typing import Any

from chalicelib.domain.instance import Instance, Phase
from chalicelib.domain.offer import Offer

Body = dict[str, Any]

_WORDS: dict[Phase, tuple[str, ...]] = {
    Phase.STARTING: ("creating", "Provisioning", "pending", "queued", "starting"),
    Phase.RUNNING: ("running", "Running"),
    Phase.STOPPED: ("stopped", "Stopped", "StoppedDisassociated", "stopping"),
    Phase.FAILED: ("error", "failed"),
}
_V0 = {"RTX 4090": "geforcertx4090-pcie-24gb", "RTX 3060": "geforcertx3060-pcie-12gb"}
_PRICING = {"per_vcpu_hr": 0.003, "per_gb_ram_hr": 0.002, "per_gb_storage_hr": 0.00005}


def described(machine: Instance, rng: Random) -> Body:
    """A machine, with as few or as many words as this market uses."""
    ports = [{"internal_port": 22, "external_port": address.port} for address in machine.addresses]
    name = machine.gpu or ""
    gpu = {"count": machine.gpu_count, **({} if rng.random() < 0.5 else {"v0Name": _V0[name]})}
    return {
        "type": "virtualmachine",
        "id": machine.id,
        "name": machine.tag,
        "status": rng.choice(_WORDS[machine.phase]),
        "ipAddress": machine.addresses[0].host if machine.addresses else "",
        "portForwards": ports,
        "resources": {"vcpu_count": 8, "ram_gb": 32, "storage_gb": 100, "gpus": {_V0[name]: gpu}},
        "rateHourly": (machine.price_per_hour or 0) / 1e6,
    }


def location_of(offer: Offer) -> Body:
    return location(offer.provider_offer_id.partition(":")[0], offer)


def location(location_id: str, offer: Offer) -> Body:
    """A place of the inventory with this one offer."""
    row = {
        "v0Name": _V0[offer.gpu],
        "displayName": "NVIDIA GeForce RTX 4090 PCIe 24GB",
        "max_count": 4,
        "price_per_hr": offer.gpu_per_hour,
        "resources": {"max_vcpus": 64, "max_ram_gb": 256, "max_storage_gb": 2000},
        "pricing": _PRICING,
        "network_features": {"dedicated_ip_available": True, "port_forwarding_available": True},
    }
    place = {"city": "Mölln", "stateprovince": "Mölln", "country": "Germany", "tier": 2}
    return {"id": location_id, **place, "gpus": [row]}


def nested(row: Body) -> Body:
    """The same machine as JSON:API would have it."""
    fields = {key: value for key, value in row.items() if key not in ("type", "id")}
    return {"type": "VM", "id": row["id"], "attributes": fields}


def made(instance_id: str, name: str | None) -> Body:
    data = {"type": "virtualmachine", "id": instance_id, "status": "running"}
    return {"data": data if name is None else {**data, "name": name}}
