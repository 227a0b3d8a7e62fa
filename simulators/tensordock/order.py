"""The create call of the fake TensorDock: what a body must look like, in the market's own order of complaints."""

from typing import Any

import msgspec

from simulators.router import refuse

FORWARD_IMAGES = (
    *("ubuntu2204", "ubuntu2404", "ubuntu2404_ml_everything", "ubuntu2404_ml_pytorch", "ubuntu2404_ml_tensorflow"),
    "windows10",
)
DEDICATED_IMAGES = (
    *FORWARD_IMAGES,
    *("ubuntu2204_nvidia_550", "ubuntu2204_nvidia_570", "ubuntu2404_nvidia_550", "ubuntu2404_nvidia_570"),
    *("ubuntu2204_base", "ubuntu2404_base"),
)
LEAST_STORAGE_GB = 100
ATTRIBUTES = ("data", "attributes")


class Order(msgspec.Struct, kw_only=True):
    """A create call that passed validation."""

    name: str
    image: str
    vcpus: int
    ram_gb: int
    storage_gb: int
    v0_name: str
    gpus: int
    location_id: str
    dedicated_ip: bool = False
    forwards: list[tuple[int, int]] = []
    ssh_key: str | None = None
    ssh_key_id: str | None = None
    cloud_init: dict[str, Any] = {}


class Complaints:
    """Collects what is wrong in the form of Zod, one object per field."""

    def __init__(self) -> None:
        self.found: list[dict[str, Any]] = []

    def add(self, code: str, message: str, *path: str | int, **more: Any) -> None:
        self.found.append({"code": code, **more, "path": list(path), "message": message})

    def typed(self, value: Any, kind: str, *path: str | int) -> bool:
        """Is it of that type? Complains if not."""
        if _kind(value) == kind:
            return True
        received = "undefined" if value is None else _kind(value)
        message = "Required" if value is None else f"Expected {kind}, received {received}"
        self.add("invalid_type", message, *path, expected=kind, received=received)
        return False

    def raise_any(self) -> None:
        if self.found:
            raise refuse(400, self.found)


def parse(body: Any) -> Order:
    """Raises Refused with the array of complaints."""
    wrong = Complaints()
    data = body.get("data") if isinstance(body, dict) else None
    if not wrong.typed(data, "object", "data") or not isinstance(data, dict):
        wrong.raise_any()
    assert isinstance(data, dict)
    if data.get("type") != "virtualmachine":
        wrong.add("invalid_literal", 'Invalid literal value, expected "virtualmachine"', "data", "type")
    given = data.get("attributes")
    if not wrong.typed(given, "object", *ATTRIBUTES):
        wrong.raise_any()
    assert isinstance(given, dict)
    dedicated = given.get("useDedicatedIp", False)
    wrong.typed(dedicated, "boolean", *ATTRIBUTES, "useDedicatedIp")
    if wrong.typed(given.get("name"), "string", *ATTRIBUTES, "name") and not given["name"]:
        wrong.add("too_small", "String must contain at least 1 character(s)", *ATTRIBUTES, "name", minimum=1)
    numbers, gpus = _resources(given.get("resources"), wrong)
    forwards = _forwards(given.get("port_forwards", []), wrong)
    _image(given.get("image"), dedicated is True, wrong)
    wrong.raise_any()
    _together(given, forwards, wrong)
    wrong.raise_any()
    (v0_name, count), *_ = gpus
    return Order(
        name=given["name"],
        image=given["image"],
        **numbers,
        v0_name=v0_name,
        gpus=count,
        location_id=given.get("location_id") or given["hostnode_id"],
        dedicated_ip=dedicated,
        forwards=forwards,
        ssh_key=given.get("ssh_key"),
        ssh_key_id=given.get("ssh_key_id"),
        cloud_init=given.get("cloud_init") or {},
    )


def _resources(given: Any, wrong: Complaints) -> tuple[dict[str, int], list[tuple[str, int]]]:
    path = (*ATTRIBUTES, "resources")
    if not wrong.typed(given, "object", *path):
        return {}, []
    numbers = {}
    for field, name in (("vcpu_count", "vcpus"), ("ram_gb", "ram_gb"), ("storage_gb", "storage_gb")):
        if wrong.typed(given.get(field), "number", *path, field):
            numbers[name] = int(given[field])
    if numbers.get("storage_gb", LEAST_STORAGE_GB) < LEAST_STORAGE_GB:
        message = f"Number must be greater than or equal to {LEAST_STORAGE_GB}"
        wrong.add("too_small", message, *path, "storage_gb", minimum=LEAST_STORAGE_GB)
    gpus = []
    if wrong.typed(given.get("gpus"), "object", *path, "gpus"):
        for name, entry in given["gpus"].items():
            count = entry.get("count") if isinstance(entry, dict) else None
            if wrong.typed(count, "number", *path, "gpus", name, "count"):
                gpus.append((str(name), int(count or 0)))
        if len(gpus) != 1 or gpus[0][1] < 1:
            wrong.add("custom", "Exactly one GPU model with a count of at least 1 is required", *path, "gpus")
    return numbers, gpus


def _forwards(given: Any, wrong: Complaints) -> list[tuple[int, int]]:
    path = (*ATTRIBUTES, "port_forwards")
    forwards: list[tuple[int, int]] = []
    if not wrong.typed(given, "array", *path):
        return forwards
    for index, entry in enumerate(given):
        if not wrong.typed(entry, "object", *path, index):
            continue
        inner, outer = entry.get("internal_port"), entry.get("external_port")
        fine = wrong.typed(inner, "number", *path, index, "internal_port")
        if wrong.typed(outer, "number", *path, index, "external_port") and fine:
            forwards.append((int(inner), int(outer)))
    return forwards


def _image(image: Any, dedicated: bool, wrong: Complaints) -> None:
    offered = DEDICATED_IMAGES if dedicated else FORWARD_IMAGES
    if image not in offered:
        names = " | ".join(f"'{name}'" for name in offered)
        message = f"Invalid enum value. Expected {names}, received '{image}'"
        wrong.add("invalid_enum_value", message, *ATTRIBUTES, "image", received=image, options=list(offered))


def _together(given: dict[str, Any], forwards: list[tuple[int, int]], wrong: Complaints) -> None:
    """The rules that span fields."""
    if (
        given["image"].startswith("ubuntu")
        and not given.get("useDedicatedIp")
        and 22 not in [inner for inner, _ in forwards]
    ):
        wrong.add("custom", "SSH port (22) must be forwarded for Ubuntu VMs", *ATTRIBUTES, "port_forwards")
    keys = [name for name in ("ssh_key", "ssh_key_id") if given.get(name)]
    if len(keys) != 1 and not (given["image"].startswith("windows") and not keys):
        wrong.add("custom", "Exactly one of ssh_key and ssh_key_id is required", *ATTRIBUTES, "ssh_key")
    for name in keys:
        wrong.typed(given[name], "string", *ATTRIBUTES, name)
    places = [name for name in ("location_id", "hostnode_id") if given.get(name)]
    if len(places) != 1:
        wrong.add("custom", "Exactly one of location_id and hostnode_id is required", *ATTRIBUTES, "location_id")
    for name in places:
        wrong.typed(given[name], "string", *ATTRIBUTES, name)
    if given.get("cloud_init") is not None:
        wrong.typed(given["cloud_init"], "object", *ATTRIBUTES, "cloud_init")


def _kind(value: Any) -> str:
    match value:
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case dict():
            return "object"
    return "null"
