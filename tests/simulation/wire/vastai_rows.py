"""Vast.ai's rows: an offer and a contract in the fields that this market fills, with what is strange about them."""

from random import Random
from typing import Any

from chalicelib.domain.instance import Instance, Phase
from chalicelib.domain.instant import SECOND
from chalicelib.domain.offer import Offer

_MONTH_HOURS = 720
_WORDS: dict[Phase, tuple[tuple[str | None, str, str | None], ...]] = {
    Phase.STARTING: ((None, "running", None), ("created", "running", None), ("loading", "running", "pulling layers")),
    Phase.RUNNING: (("running", "running", "success, running image/ssh"),),
    Phase.STOPPED: (("stopped", "stopped", None), ("exited", "stopped", None), ("loading", "stopped", None),
                    ("exited", "running", None)),
    Phase.REBOOTING: (("rebooting", "running", None), ("restarting", "running", None), ("recycling", "running", None)),
    Phase.FROZEN: (("frozen", "running", None),),
    Phase.OFFLINE: (("offline", "running", None),),
    Phase.FAILED: (
        ("loading", "running", "Error response from daemon: manifest for nobody/nothing:latest not found"),
        ("created", "running", "OCI runtime create failed: nvidia-container-cli"),
        ("exited", "stopped", "write /var/lib/docker: no space left on device"),
    ),
}  # fmt: skip
"""(actual_status, intended_status, status_msg)."""


def ask(offer: Offer) -> dict[str, Any]:
    """The row of the search; the bid of an interruptible one is its least."""
    total = offer.gpu_per_hour + offer.disk_per_gb_hour * 8
    return {
        "id": int(offer.provider_offer_id),
        "ask_contract_id": int(offer.provider_offer_id),
        "machine_id": offer.machine_id,
        "gpu_name": offer.gpu,
        "num_gpus": offer.gpu_count,
        "gpu_ram": 24564,
        "gpu_total_ram": 24564 * offer.gpu_count,
        "dph_base": offer.gpu_per_hour,
        "dph_total": total,
        "min_bid": offer.min_bid if offer.min_bid is not None else offer.gpu_per_hour * 0.7,
        "storage_cost": offer.disk_per_gb_hour * _MONTH_HOURS,
        "is_bid": offer.spot,
        "rentable": True,
        "rented": False,
        "external": None,
        "verification": "verified",
        "reliability2": offer.reliability,
        "cuda_max_good": offer.cuda_version,
        "disk_space": offer.max_disk_gb,
        "geolocation": f"{offer.region}, {offer.country}",
        "hostname": None,
        "bundled_results": None,
    }


def contract(machine: Instance, rng: Random) -> dict[str, Any]:
    """The row of a machine; its host's words carry whitespace, and its port only when it runs."""
    status, intended, message = rng.choice(_WORDS[machine.phase])
    ports: dict[str, Any] | None = None
    address = None
    for reached in machine.addresses:
        address = f"{reached.host}\n"
        bindings = [{"HostIp": "0.0.0.0", "HostPort": str(reached.port)}, {"HostIp": "::", "HostPort": "1"}]
        ports = {"22/tcp": bindings}
    return {
        "id": int(machine.id),
        "label": machine.tag,
        "actual_status": status,
        "intended_status": intended,
        "cur_state": intended,
        "next_state": intended,
        "status_msg": message,
        "gpu_name": machine.gpu,
        "num_gpus": machine.gpu_count,
        "dph_total": (machine.price_per_hour or 0) / 1e6,
        "is_bid": machine.spot,
        "start_date": (machine.created_at or 0) / SECOND,
        "public_ipaddr": address,
        "ssh_host": None,
        "ssh_port": None,
        "direct_port_start": -1,
        "uptime_mins": None,
        "bundle_id": None,
        "extra_env": [["-p 9100:9100", "1"]],
        **({} if ports is None else {"ports": ports}),
    }
