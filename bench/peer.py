"""The same question to gpuhunt, another project's price catalogue, about the same offers, in the same run.

It has an environment of its own; where that cannot be made (no network) the comparison is left out, loudly. Its offers
lie in its memory as ours do, as those of a provider whose catalogue is a file. It is a question that both know.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from bench.figures import Figure, timed
from bench.offers import market
from chalicelib.domain.offer import Offer, price_per_hour
from chalicelib.domain.query import Query
from chalicelib.usecases import browsing
from tests.simulators.venvs import environment
from tests.world import World

_SIZE, _ROUNDS, _DISK_GB = 5_000, 100, 40
_ASKED = Query(gpu=("RTX 4090", "H100 SXM"), min_vram_gb=24, spot=False, sort="price", disk_gb=_DISK_GB)
_PROGRAM = """
import json, sys, time
from gpuhunt import Catalog, CatalogItem
from gpuhunt._internal.catalog import ProviderCatalog
from gpuhunt._internal.models import AcceleratorVendor
offers = json.load(sys.stdin)
items = [CatalogItem(provider="runpod", gpu_vendor=AcceleratorVendor.NVIDIA, **offer) for offer in offers]
catalog = Catalog(balance_resources=False, auto_reload=False)
catalog.catalog["runpod"], catalog.loaded_at = ProviderCatalog("1", items), time.monotonic()
def ask():
    wanted = {"gpu_name": ["RTX 4090", "H100 SXM"], "min_gpu_memory": 24, "spot": False, "min_disk_size": 40}
    return catalog.query(provider="runpod", **wanted)
found = ask()
taken = []
for _ in range(int(sys.argv[1])):
    began = time.process_time_ns()
    ask()
    taken.append(time.process_time_ns() - began)
print(json.dumps({"found": len(found), "median_ms": sorted(taken)[len(taken) // 2] / 1e6}))
"""


def figures() -> Iterator[Figure]:
    try:
        python = environment("gpuhunt") / "bin" / "python"
    except pytest.skip.Exception as reason:
        print(f"!! gpuhunt not measured: {reason}", file=sys.stderr)
        return
    offers = market(_SIZE)
    world = World(offers=offers)
    ours = timed("the peer's question", partial(browsing.browse, world.ports, _ASKED, 50), rounds=_ROUNDS)[0]
    total = browsing.browse(world.ports, _ASKED, 50).total
    theirs = _theirs(python, offers)
    if theirs["found"] != total:
        raise RuntimeError(f"not the same question: gpuhunt found {theirs['found']} offers, we {total}")
    note = f"{_SIZE} offers in memory, {total} found"
    yield Figure(name="gpuhunt's query: CPU p50", figure=theirs["median_ms"], unit="ms", note=note)
    times = theirs["median_ms"] / ours.figure
    yield Figure(
        name="the same of us: CPU p50", figure=ours.figure, unit="ms", note=f"{times:.1f} times as fast; goal 5"
    )


def _theirs(python: Path, offers: list[Offer]) -> dict[str, float]:
    rows = [
        {
            "instance_name": offer.id, "location": offer.region or "", "price": price_per_hour(offer, _DISK_GB) / 1e6,
            "cpu": int(offer.cpu_cores or 1), "memory": offer.ram_gb or 1.0, "gpu_count": offer.gpu_count,
            "gpu_name": offer.gpu, "gpu_memory": offer.vram_gb, "spot": offer.spot, "disk_size": offer.max_disk_gb,
        }
        for offer in offers
    ]  # fmt: skip
    command = [str(python), "-c", _PROGRAM, str(_ROUNDS)]
    run = subprocess.run(command, input=json.dumps(rows), capture_output=True, text=True, check=True)
    told: dict[str, float] = json.loads(run.stdout)
    return told
