"""TensorDock's machines, read from any of the shapes in which they were seen."""

from collections.abc import Iterator, Mapping
from itertools import islice

from chalicelib.domain.errors import ListIncomplete, ProviderDown
from chalicelib.domain.gpu import canonical_v0, memory_gb
from chalicelib.domain.instance import SSH_PORT, Address, Instance, OpenPort, Phase
from chalicelib.domain.money import Micros, to_micros
from chalicelib.providers.clean import MOST_PORTS, host, number, port, text, whole
from chalicelib.providers.tensordock_answers import INSTANCE_ID
from chalicelib.providers.tensordock_launch import USER
from chalicelib.providers.tensordock_offers import NAME

_MOST_PRICE = 10_000.0  # dollars per hour: beyond is no price

_PHASES = {
    "running": Phase.RUNNING,
    "starting": Phase.STARTING,
    "creating": Phase.STARTING,
    "pending": Phase.STARTING,
    "provisioning": Phase.STARTING,
    "queued": Phase.STARTING,
    "stopping": Phase.STOPPED,
    "stopped": Phase.STOPPED,
    "stoppeddisassociated": Phase.STOPPED,  # the host took the GPU back; the disk is still billed
    "deleting": Phase.STOPPED,
    "deleted": Phase.STOPPED,  # while it can be seen it is not gone
    "terminated": Phase.STOPPED,
    "error": Phase.FAILED,
    "failed": Phase.FAILED,
}


def phase_of(status: object) -> Phase:
    """Total: whatever the market calls it; a word nobody knows is UNKNOWN."""
    word = status.lower() if isinstance(status, str) else ""
    return _PHASES.get(word.replace("-", "").replace("_", "").replace(" ", ""), Phase.UNKNOWN)


def read_instance(body: object, instance_id: str) -> Instance:
    """The machine that was asked for, enveloped or not. Raises ProviderDown for anything else."""
    candidates = (body, body.get("data")) if isinstance(body, dict) else ()
    for candidate in candidates:
        machine = _instance(candidate)
        if machine is not None and machine.id == instance_id:
            return machine
    raise ProviderDown(f"{NAME}: no description of machine {instance_id} in the answer")


def read_instances(body: object) -> tuple[Instance, ...]:
    """Every machine of a list. Raises ListIncomplete unless the shape is known and every item can be told apart."""
    items = _items(body)
    machines: dict[str, Instance] = {}
    for item in items:
        machine = _instance(item)
        if machine is None:
            raise ListIncomplete(f"{NAME}: an item of the list has no id")
        if machines.setdefault(machine.id, machine).tag != machine.tag:
            raise ListIncomplete(f"{NAME}: two machines of the list share an id")
    return tuple(machines.values())


def _items(body: object) -> list[object]:
    if isinstance(body, list):
        return body
    data = body.get("data") if isinstance(body, dict) else None
    attributes = data.get("attributes") if isinstance(data, dict) else None
    for found in (
        data,
        data.get("instances") if isinstance(data, dict) else None,
        attributes.get("instances") if isinstance(attributes, dict) else None,
    ):
        if isinstance(found, list):
            return _whole(found, body, data, attributes)
    raise ListIncomplete(f"{NAME}: a list of unknown shape")


def _whole(items: list[object], *envelopes: object) -> list[object]:
    """The items, unless an envelope speaks of more than them. No paging is documented; it may come one day."""
    holders = [envelope for envelope in envelopes if isinstance(envelope, dict)]
    holders += [holder[key] for holder in holders for key in ("meta", "links") if isinstance(holder.get(key), dict)]
    for holder in holders:
        counts = (holder.get(key) for key in ("total", "count", "total_count", "totalCount"))
        if any(isinstance(count, int) and count != len(items) for count in counts):
            raise ListIncomplete(f"{NAME}: the list does not hold as many machines as it says")
        if any(holder.get(key) for key in ("next", "next_page", "next_token", "next_cursor")):
            raise ListIncomplete(f"{NAME}: the list has a further page")
    return items


def _instance(item: object) -> Instance | None:
    """None unless it is an object with an id; everything else about it may be missing."""
    if not isinstance(item, dict):
        return None
    attributes = item.get("attributes")
    fields: Mapping[str, object] = {**item, **attributes} if isinstance(attributes, dict) else item
    instance_id = item.get("id", fields.get("id"))
    if not isinstance(instance_id, str) or not INSTANCE_ID.fullmatch(instance_id):
        return None
    name = fields.get("name")
    gpu, gpu_count = _gpus(fields.get("resources"))
    return Instance(
        provider=NAME,
        id=instance_id,
        tag=name if isinstance(name, str) and name else None,
        phase=phase_of(fields.get("status")),
        status=text(fields.get("status"), 40) or "unknown",
        addresses=_addresses(fields),
        ports=_ports(fields),
        gpu=gpu,
        gpu_count=gpu_count,
        price_per_hour=_price(fields.get("rateHourly")),
        spot=False,
    )


def _addresses(fields: Mapping[str, object]) -> tuple[Address, ...]:
    """Where SSH may answer: behind the forwards of port 22, else on port 22 itself.

    No forward of 22 means an address of its own, or a host that ignored the order: what was ordered tells which.
    """
    address = host(fields.get("ipAddress"))
    if address is None:
        return ()
    doors = dict.fromkeys(outer for inner, outer in _forwards(fields) if inner == SSH_PORT)
    if not doors:
        return (Address(host=address, port=SSH_PORT, user=USER, guessed=True),)
    return tuple(Address(host=address, port=door, user=USER) for door in doors)


def _ports(fields: Mapping[str, object]) -> tuple[OpenPort, ...]:
    """What is forwarded, each port by the first of its forwards. Whether all are open as they are, where none is told
    of, is not known here: see `_addresses`."""
    address = host(fields.get("ipAddress"))
    if address is None:
        return ()
    doors: dict[int, int] = {}
    for inner, outer in islice(_forwards(fields), MOST_PORTS):
        doors.setdefault(inner, outer)
    return tuple(OpenPort(port=inner, host=address, external_port=outer) for inner, outer in doors.items())


def _forwards(fields: Mapping[str, object]) -> Iterator[tuple[int, int]]:
    """(inside, outside) of every forward that says both."""
    forwards = fields.get("portForwards")
    for forward in forwards if isinstance(forwards, list) else ():
        if isinstance(forward, dict):
            inner, outer = port(forward.get("internal_port")), port(forward.get("external_port"))
            if inner and outer:
                yield inner, outer


def _gpus(resources: object) -> tuple[str | None, int | None]:
    """(canonical model, how many), both None unless the machine plainly says one model."""
    gpus = resources.get("gpus") if isinstance(resources, dict) else None
    if not isinstance(gpus, dict) or len(gpus) != 1:
        return None, None
    [(key, described)] = gpus.items()
    described = described if isinstance(described, dict) else {}
    named = described.get("v0Name") or key
    known = isinstance(named, str) and memory_gb(named) is not None  # else the key is some id, not a model
    return canonical_v0(named)[0] if known else None, whole(described.get("count"), 1, 64)


def _price(rate: object) -> Micros | None:
    """Micro-dollars per hour; a rate of nothing is no rate, as every machine here costs something."""
    dollars = number(rate, 0, _MOST_PRICE)
    return to_micros(dollars) if dollars else None
