"""A virtual machine of the fake TensorDock, and how the API shows it."""

from typing import Any

from simulators.machine import Machine

# `booting` and `running` are one to the API, which claims `running` from the first moment.
STATUS = {"booting": "running", "stoppeddisassociated": "StoppedDisassociated"}


class Vm(Machine, kw_only=True, omit_defaults=True):
    """`label` is its name, the only tag there is."""

    image: str
    location_id: str
    v0_name: str
    gpus: int
    vcpus: int
    ram_gb: int
    storage_gb: int
    rate: float = 0.0
    """USD per hour, all in."""
    storage_rate: float = 0.0
    """What the disk alone costs per hour."""
    dedicated_ip: bool = False
    forwards: list[tuple[int, int]] = []
    """(internal, external)."""
    cloud_init: dict[str, Any] = {}
    ip_from: float
    """When the address shows."""
    holds_stock: bool = True
    mishaps: dict[str, dict[str, Any]] = {}


def status(vm: Vm, case: str, stage: str | None = None) -> str:
    """Lower case as observed, or the mixed case of other answers."""
    word = STATUS.get(stage or vm.stage, stage or vm.stage)
    return word[:1].upper() + word[1:] if case == "title" else word.lower()


def detail(vm: Vm, now: float, case: str) -> dict[str, Any]:
    """GET /instances/{id}: no envelope, and no word of image, location or age."""
    return {
        "type": "virtualmachine",
        "id": vm.id,
        "name": vm.label,
        "status": status(vm, case),
        "ipAddress": vm.ssh_host if now >= vm.ip_from else "",
        "portForwards": [{"internal_port": inner, "external_port": outer} for inner, outer in vm.forwards],
        "resources": {
            "vcpu_count": vm.vcpus,
            "ram_gb": vm.ram_gb,
            "storage_gb": vm.storage_gb,
            "gpus": {vm.v0_name: {"count": vm.gpus, "v0Name": vm.v0_name}},
        },
        "rateHourly": vm.rate,
    }


def listing(items: list[tuple[Vm, str]], shape: str, case: str) -> Any:
    """The list in one of its four known shapes (or one that nobody knows)."""
    flat = [
        {"type": "virtualmachine", "id": vm.id, "name": vm.label, "status": status(vm, case, stage)}
        for vm, stage in items
    ]
    nested = [
        {"type": "VM", "id": row["id"], "attributes": {"name": row["name"], "status": row["status"]}} for row in flat
    ]
    match shape:
        case "flat":
            return {"data": flat}
        case "instances":
            return {"data": {"instances": nested}}
        case "jsonapi":
            return {"data": {"type": "list", "id": "instances", "attributes": {"instances": nested}}}
        case "bare":
            return flat
    return {"data": {"servers": {row["id"]: row for row in flat}}}
