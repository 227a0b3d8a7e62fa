"""Vast.ai's machines: one of its rows as an Instance, whatever words the row uses."""

from collections.abc import Mapping
from itertools import islice

from chalicelib.domain.gpu import canonical
from chalicelib.domain.instance import SSH_PORT, Address, Instance, OpenPort, Phase
from chalicelib.domain.instant import Instant, seconds
from chalicelib.domain.money import to_micros
from chalicelib.providers.clean import MOST_PORTS, host, number, port, text, whole

_PHASES: Mapping[str | None, Phase] = {
    None: Phase.STARTING,  # the host has not reported yet
    "created": Phase.STARTING,
    "loading": Phase.STARTING,
    "rebooting": Phase.REBOOTING,
    "restarting": Phase.REBOOTING,
    "recycling": Phase.REBOOTING,
    "running": Phase.RUNNING,
    "stopped": Phase.STOPPED,
    "exited": Phase.STOPPED,
    "frozen": Phase.FROZEN,
    "offline": Phase.OFFLINE,
}
_FATAL = (  # what docker says when it will not start this image on this host, however long one waits
    "error response from daemon",
    "oci runtime create failed",
    "manifest unknown",
    "pull access denied",
    "failed to resolve reference",
    "unauthorized:",
    "no space left on device",
)


def instance_id(row: Mapping[str, object]) -> str | None:
    found = whole(row.get("id"), 1, 10**15)
    return None if found is None else str(found)


def parse(row: Mapping[str, object]) -> Instance | None:
    """The machine; None only where the row has no id. Any other field may be missing or strange."""
    found = instance_id(row)
    if found is None:
        return None
    status = text(row.get("actual_status"), 40)
    intended = text(row.get("intended_status"), 40)
    message = text(row.get("status_msg"), 300)
    dollars = number(row.get("dph_total"), 0, 10_000)
    name = text(row.get("gpu_name"), 80)
    spot = row.get("is_bid")
    return Instance(
        provider="vastai",
        id=found,
        tag=_label(row.get("label")),
        phase=phase(status, intended, message),
        status=(status or "not reported")
        + (f", to be {intended}" if intended not in (None, status, "running") else ""),
        message=message,
        addresses=_addresses(row),
        ports=_ports(row),
        gpu=canonical(name) if name else None,
        gpu_count=whole(row.get("num_gpus"), 1, 1024),
        price_per_hour=None if dollars is None else to_micros(dollars),
        spot=spot if isinstance(spot, bool) else None,
        created_at=_moment(row.get("start_date")),
    )


def phase(status: str | None, intended: str | None, message: str | None) -> Phase:
    """Total over any words. A bad image shows as `loading` that the market itself then wants `stopped`."""
    found = _PHASES.get(status, Phase.UNKNOWN)
    coming = found in (Phase.STARTING, Phase.REBOOTING)
    if (coming or found is Phase.STOPPED) and _is_fatal(message):
        return Phase.FAILED
    if coming and intended == "stopped":
        return Phase.STOPPED
    return found


def _is_fatal(message: str | None) -> bool:
    lower = (message or "").lower()
    return any(words in lower for words in _FATAL) or ("manifest for " in lower and "not found" in lower)


def _label(value: object) -> str | None:
    """The label as it is, so that only the very tag can verify; unprintable ones in escapes."""
    if not isinstance(value, str) or not value:
        return None
    return value[:256] if value.isprintable() else value[:256].encode("unicode_escape").decode("ascii")


def _addresses(row: Mapping[str, object]) -> tuple[Address, ...]:
    direct = host(row.get("public_ipaddr")), _outside(_map(row).get(f"{SSH_PORT}/tcp"))
    proxied = host(row.get("ssh_host")), port(row.get("ssh_port"))
    return tuple(Address(host=at, port=door, user="root") for at, door in (direct, proxied) if at and door)


def _ports(row: Mapping[str, object]) -> tuple[OpenPort, ...]:
    """The container's TCP ports at the host's own address: the proxy passes on nothing but SSH."""
    address = host(row.get("public_ipaddr"))
    if address is None:
        return ()
    found = ((_inside(name), _outside(bindings)) for name, bindings in islice(_map(row).items(), MOST_PORTS))
    return tuple(OpenPort(port=own, host=address, external_port=door) for own, door in found if own and door)


def _map(row: Mapping[str, object]) -> Mapping[str, object]:
    """The port map, in docker's own form: `{"8888/tcp": [{"HostIp": "0.0.0.0", "HostPort": "59735"}]}`."""
    ports = row.get("ports")
    return ports if isinstance(ports, dict) else {}


def _inside(name: str) -> int | None:
    found = port(name.removesuffix("/tcp"))
    return found if name == f"{found}/tcp" else None


def _outside(bindings: object) -> int | None:
    first = bindings[0] if isinstance(bindings, list) and bindings else None
    return port(first.get("HostPort")) if isinstance(first, dict) else None


def _moment(value: object) -> Instant | None:
    found = number(value, 1e9, 1e11)
    return None if found is None else seconds(found)
