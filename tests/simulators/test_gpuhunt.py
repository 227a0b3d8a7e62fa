"""gpuhunt, another project's price catalogue, sees the simulator's market as it is."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from simulators import Simulator
from simulators.vastai.market import VastMarket
from tests.simulators.venvs import environment

SCRIPT = """
import dataclasses, json, sys
from gpuhunt import QueryFilter
from gpuhunt.providers import vastai
vastai.bundles_url = sys.argv[1]
provider = vastai.VastAIProvider(order=[("dph_total", "asc")], community_cloud=sys.argv[3] == "community")
items = provider.get(QueryFilter(**json.loads(sys.argv[2])))
print(json.dumps([dataclasses.asdict(item) for item in items], default=str))
"""


@pytest.fixture(scope="session")
def python() -> Path:
    return environment("gpuhunt") / "bin" / "python"


def catalogue(python: Path, url: str, query: dict[str, Any], cloud: str = "community") -> list[dict[str, Any]]:
    command = [str(python), "-c", SCRIPT, f"{url}/api/v0/bundles/", json.dumps(query), cloud]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    items: list[dict[str, Any]] = json.loads(run.stdout)
    return items


def market_prices(sim: Simulator[VastMarket], disk: int | None, **only: Any) -> dict[tuple[int, bool], float]:
    """(offer, spot) → price per hour, from the books of the market itself, the 64 cheapest at 8 GB."""
    book = sim.market.book
    asks = [(ask, book.hosts[ask.machine_id]) for ask in book.asks.values() if ask.on_demand and ask.rentable]
    asks = [(ask, host) for ask, host in asks if all(getattr(host, name) == value for name, value in only.items())]
    asks.sort(key=lambda pair: pair[0].price + pair[1].storage_cost * 8 / 720)
    prices = {}
    for ask, host in asks[:64]:
        storage = host.storage_cost * (disk or host.disk * ask.gpus / host.gpus) / 720
        prices[ask.id, False] = round(ask.price + storage, 5)
        prices[ask.id, True] = round(ask.min_bid + storage, 5)
    return prices


def seen(items: list[dict[str, Any]]) -> dict[tuple[int, bool], float]:
    return {(int(item["instance_name"]), item["spot"]): item["price"] for item in items}


def test_it_sees_the_same_offers_at_the_same_prices(python: Path, vast_sim: Simulator[VastMarket]) -> None:
    items = catalogue(python, vast_sim.url, {})
    assert len(items) == 128
    assert seen(items) == market_prices(vast_sim, disk=None)


def test_it_finds_one_gpu_by_its_own_name_for_it(python: Path, vast_sim: Simulator[VastMarket]) -> None:
    items = catalogue(python, vast_sim.url, {"gpu_name": ["RTX4090"], "min_disk_size": 100})
    assert items
    assert {item["gpu_name"] for item in items} == {"RTX4090"}
    assert seen(items) == market_prices(vast_sim, disk=100, gpu_name="RTX 4090")


def test_it_can_leave_out_the_community(python: Path, vast_sim: Simulator[VastMarket]) -> None:
    items = catalogue(python, vast_sim.url, {}, cloud="datacenter")
    assert seen(items) == market_prices(vast_sim, disk=None, hosting_type=1)
