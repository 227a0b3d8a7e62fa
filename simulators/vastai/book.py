"""A recorded market instead of an invented one: rows of 25 fields, gzipped JSON lines."""

import gzip
import random
from pathlib import Path
from typing import Any

import msgspec

from simulators.vastai.catalogue import invent_host
from simulators.vastai.host import Ask, Host


def read(path: Path, seed: int, now: float) -> tuple[list[Host], list[Ask]]:
    """Hosts and asks with their recorded ids and prices; what was not recorded is invented, the same per seed.

    Ends of rental are moved so that they are as far away as when the row was recorded.
    """
    with gzip.open(path, "rb") as lines:
        rows: list[dict[str, Any]] = [msgspec.json.decode(line) for line in lines if line.strip()]
    hosts: dict[int, Host] = {}
    asks: dict[int, Ask] = {}
    for row in sorted(rows, key=lambda row: -int(row["num_gpus"])):
        machine_id = int(row["machine_id"])
        if machine_id not in hosts:
            hosts[machine_id] = _host(row, random.Random(f"{seed}:{machine_id}"), now)
        host = hosts[machine_id]
        host.chunk = min(host.chunk, int(row["num_gpus"]))
        kind = str(row["rental_type"])
        ask = asks.get(int(row["id"]))
        if ask is None:
            ask = asks[int(row["id"])] = Ask(
                id=int(row["id"]),
                machine_id=machine_id,
                gpus=int(row["num_gpus"]),
                price=float(row["dph_base"]),
                min_bid=float(row["min_bid"]),
                on_demand=False,
                bid=False,
            )
        if kind == "bid":
            ask.bid = host.bids = True
        else:
            ask.on_demand = host.on_demand = True
            ask.price = float(row["dph_base"])
            host.price = ask.price / ask.gpus
    return list(hosts.values()), list(asks.values())


def _host(row: dict[str, Any], dice: random.Random, now: float) -> Host:
    gpus = int(row["num_gpus"])
    host = invent_host(dice, int(row["machine_id"]), now)
    for field in ("host_id", "gpu_name", "gpu_ram", "storage_cost", "inet_up_cost", "inet_down_cost", "inet_up"):
        setattr(host, field, row[field])
    for field in ("inet_down", "geolocation", "verification", "static_ip", "hosting_type", "gpu_arch"):
        setattr(host, field, row[field])
    host.gpus = host.chunk = gpus
    host.cpu_cores = max(host.cpu_cores, gpus * 4)
    host.price = float(row["dph_base"]) / gpus
    host.min_bid = float(row["min_bid"]) / gpus
    host.reliability = float(row["reliability2"])
    host.cuda = float(row["cuda_max_good"])
    host.driver = str(row["driver_version"])
    host.tflops = float(row["total_flops"]) / gpus
    host.end_date = now + float(row["duration"])
    host.on_demand = host.bids = False
    return host
