"""What the fake TensorDock has for rent: locations with stock, invented per seed or read from a recording."""

import random
import uuid
from pathlib import Path
from typing import Any

import msgspec

ROWS = 40
VCPU_PRICE, RAM_PRICE, STORAGE_PRICE = 0.003, 0.002, 0.00005
# (v0Name, displayName, USD per GPU hour, how common). Two names are their own display name, as recorded.
GPUS = (
    ("geforcertx4090-pcie-24gb", "NVIDIA GeForce RTX 4090 PCIe 24GB", 0.36, 9),
    ("geforcertx3090-pcie-24gb", "NVIDIA GeForce RTX 3090 PCIe 24GB", 0.2, 8),
    ("geforcertx5090-pcie-32gb", "geforcertx5090-pcie-32gb", 0.5, 4),
    ("geforcertx4080-pcie-16gb", "NVIDIA GeForce RTX 4080 PCIe 16GB", 0.16, 2),
    ("rtxa4000-pcie-16gb", "NVIDIA RTX A4000 PCIe 16GB", 0.1, 6),
    ("rtxa5000-pcie-24gb", "NVIDIA RTX A5000 PCIe 24GB", 0.21, 2),
    ("rtxa6000-pcie-48gb", "NVIDIA RTX A6000 PCIe 48GB", 0.42, 3),
    ("rtx5000ada-pcie-32gb", "NVIDIA RTX 5000 ADA PCIe 32GB", 0.55, 1),
    ("rtx6000ada-pcie-48gb", "NVIDIA RTX 6000 ADA PCIe 48GB", 0.7, 2),
    ("l4-pcie-24gb", "NVIDIA L4 PCIe 24GB", 0.23, 1),
    ("l40s-pcie-48gb", "NVIDIA L40S PCIe 48GB", 0.48, 2),
    ("a40-pcie-48gb", "a40-pcie-48gb", 0.33, 1),
    ("a100-pcie-80gb", "NVIDIA A100 PCIe 80GB", 0.9, 1),
    ("a100-sxm4-80gb", "NVIDIA A100 SXM4 80GB", 0.85, 2),
    ("h100-sxm5-80gb", "H100 SXM5 80GB", 1.99, 2),
    ("v100-sxm2-16gb", "NVIDIA Tesla V100 SXM2 16GB", 0.19, 1),
    ("v100-sxm3-32gb", "NVIDIA Tesla V100 SXM3 32GB", 0.29, 2),
)
# Hosts write these themselves: some have city and state the wrong way round, some know only one name.
PLACES = (
    ("Chubbuck", "Idaho", "United States"),
    ("Dallas", "Texas", "United States"),
    ("Dallas", "Texas", "United States"),
    ("Delaware", "Wilmington", "United States"),
    ("Manassas", "Virginia", "United States"),
    ("New York City", "New York", "United States"),
    ("Orlando", "Florida", "United States"),
    ("Raleigh", "North Carolina", "United States"),
    ("Seattle", "Washington", "United States"),
    ("Southfield", "Michigan", "United States"),
    ("Joplin", "Missouri", "United States"),
    ("Texas", "Texas", "United States"),
    ("Mischii", "Dolj", "Romania"),
    ("Mölln", "Hamburg", "Germany"),
    ("Prague", "Prague", "Czechia"),
    ("Tallinn", "Harjumaa", "Estonia"),
    ("Tallinn", "Harjumaa", "Estonia"),
    ("Mumbai", "Maharashtra", "India"),
    ("Ontario", "Ottawa", "Canada"),
    ("Vancouver", "British Columbia", "Canada"),
    ("Winnipeg", "Manitoba", "Canada"),
    ("London", "England", "United Kingdom"),
)


class Stock(msgspec.Struct, kw_only=True):
    """One GPU model at one location: what is left of it, and its prices per hour."""

    v0_name: str
    display_name: str
    count: int
    price: float
    vcpus: int
    ram_gb: int
    storage_gb: int
    vcpu_price: float = VCPU_PRICE
    ram_price: float = RAM_PRICE
    storage_price: float = STORAGE_PRICE
    dedicated_ip: bool = False
    forwarding: bool = True


class Location(msgspec.Struct, kw_only=True):
    id: str
    city: str
    state: str
    country: str
    tier: int
    stocks: list[Stock] = []


def invent(seed: int) -> list[Location]:
    """About forty rows, the same for the same seed."""
    dice = random.Random(f"tensordock:{seed}")
    locations = [
        Location(id=str(uuid.UUID(int=dice.getrandbits(128), version=4)), city=city, state=state, country=country,
                 tier=dice.choice((0, 0, 1, 1, 2, 3, 3, 4)))
        for city, state, country in PLACES
    ]  # fmt: skip
    rows = 0
    while rows < ROWS:
        location = locations[rows % len(locations)] if rows < len(locations) else dice.choice(locations)
        # Every model is there at least once.
        stock = invent_stock(dice, GPUS[rows] if rows < len(GPUS) else None)
        if all(stock.v0_name != other.v0_name for other in location.stocks):
            location.stocks.append(stock)
            rows += 1
    _spoil(locations, dice)
    return locations


def _spoil(locations: list[Location], dice: random.Random) -> None:
    """The oddities of the recorded market: no vCPUs left, absurd reports, addresses but no ports."""
    stocks = [stock for location in locations for stock in location.stocks]
    no_cpu, no_cpu_either, absurd, small, *rest = dice.sample(stocks, len(stocks))
    no_cpu.vcpus = no_cpu_either.vcpus = 0
    absurd.ram_gb = 1_546_793
    small.storage_gb = 187
    for stock in rest[:2]:
        stock.dedicated_ip, stock.forwarding = True, False


def invent_stock(dice: random.Random, gpu: tuple[str, str, float, int] | None = None) -> Stock:
    v0_name, display_name, price, _ = gpu or dice.choices(GPUS, [gpu[3] for gpu in GPUS])[0]
    count = dice.choice((1, 2, 2, 3, 4, 5, 6, 8, 8))
    # The market shows the mean over its nodes and does not round it.
    nodes = [round(price * dice.uniform(0.85, 1.15), 2) for _ in range(dice.choice((1, 1, 2, 3)))]
    return Stock(
        v0_name=v0_name,
        display_name=display_name,
        count=count,
        price=sum(nodes) / len(nodes),
        vcpus=dice.choice((11, 16, 24, 32, 48, 64, 110, 192)) + 2 * count,
        ram_gb=dice.choice((47, 62, 96, 155, 251, 460)) + 32 * count,
        storage_gb=dice.randrange(600, 30_000, 50),
        dedicated_ip=dice.random() < 0.45,
    )


def read(path: Path) -> list[Location]:
    """A recorded `GET /locations`; flags that were not recorded get the documented values."""
    recorded: dict[str, Any] = msgspec.json.decode(path.read_bytes())
    return [
        Location(
            id=row["id"],
            city=row["city"],
            state=row["stateprovince"],
            country=row["country"],
            tier=int(row["tier"]),
            stocks=[_stock(gpu) for gpu in row["gpus"]],
        )
        for row in recorded["data"]["locations"]
    ]


def _stock(gpu: dict[str, Any]) -> Stock:
    resources, pricing, network = gpu["resources"], gpu["pricing"], gpu["network_features"]
    forwarding = network.get("port_forwarding_available")
    return Stock(
        v0_name=gpu["v0Name"],
        display_name=gpu.get("displayName") or gpu["v0Name"],
        count=int(gpu["max_count"] or 0),
        price=float(gpu["price_per_hr"]),
        vcpus=int(resources["max_vcpus"] or 0),
        ram_gb=int(resources["max_ram_gb"] or 0),
        storage_gb=int(resources["max_storage_gb"] or 0),
        vcpu_price=float(pricing["per_vcpu_hr"]),
        ram_price=float(pricing["per_gb_ram_hr"]),
        storage_price=float(pricing["per_gb_storage_hr"]),
        dedicated_ip=bool(network.get("dedicated_ip_available")),
        forwarding=True if forwarding is None else bool(forwarding),
    )
