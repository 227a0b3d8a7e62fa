"""A market of any size, made up, in the proportions of the real ones."""

import random

from chalicelib.domain.offer import Offer
from tests.builders import NOW

_CARDS = [(f"RTX {family}0{tier}0", float(memory)) for family in (2, 3, 4, 5) for tier, memory in ((7, 12), (9, 24))]
_CARDS += [("A100 SXM", 80.0), ("H100 SXM", 80.0), ("H100 NVL", 94.0), ("H200", 141.0), ("L40S", 48.0), ("L4", 24.0)]
_COUNTRIES = ("US", "DE", "SE", "JP", "VN", "CA", "CZ", None)


def market(size: int) -> list[Offer]:
    """Always the same `size` offers: many small and cheap, few large, half of them interruptible."""
    chance = random.Random(size)
    return [_offer(number, chance) for number in range(size)]


def _offer(number: int, chance: random.Random) -> Offer:
    gpu, vram_gb = chance.choice(_CARDS)
    count = chance.choice((1, 1, 1, 2, 4, 8))
    spot = chance.random() < 0.5
    country = chance.choice(_COUNTRIES)
    return Offer(
        id=f"vastai:{40_000_000 + number}" + (":spot" if spot else ""),
        provider="vastai",
        provider_offer_id=str(40_000_000 + number),
        machine_id=str(number // 2),
        gpu=gpu,
        gpu_count=count,
        vram_gb=vram_gb,
        gpu_per_hour=count * vram_gb * chance.uniform(0.004, 0.04),
        disk_per_gb_hour=chance.choice((0.1, 0.15, 0.2)) / 720,
        min_disk_gb=8,
        spot=spot,
        region=country and f"Somewhere {number % 40}",
        country=country,
        reliability=chance.choice((None, 0.85, 0.97, 0.991, 0.998)),
        verified=chance.random() < 0.5,
        cuda_version=chance.choice((12.2, 12.4, 12.8, 13.0)),
        driver_version="580.105.08",
        cpu_cores=8.0 * count,
        ram_gb=32.0 * count,
        max_disk_gb=chance.uniform(20, 2000),
        inet_down_mbps=chance.uniform(50, 5000),
        inet_up_mbps=chance.uniform(50, 5000),
        max_hours=chance.uniform(1, 5000),
        tflops=count * vram_gb * chance.uniform(1, 4) if chance.random() < 0.9 else None,
        fetched_at=NOW,
    )
