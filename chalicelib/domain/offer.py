"""What a market would rent, at its true price."""

import msgspec

from chalicelib.domain.instant import Instant
from chalicelib.domain.money import Micros, to_micros

DISK_GB = 40
"""The disk that is wished for where nobody says another."""

FORWARDED = "forward"
"""An `Offer.network`: SSH is behind a port of the host's own address, and nowhere else."""


class Offer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """One thing that can be rented now. `None` where the provider says nothing.

    Prices are kept as the provider's rates, so that any disk size can be priced without asking again.
    """

    id: str
    """`{provider}:{provider_offer_id}`, with `:spot` for the interruptible twin of an on-demand offer."""
    provider: str
    provider_offer_id: str
    machine_id: str | None = None
    gpu: str
    """Canonical name, the same on every market (`RTX 4090`, `H100 SXM`)."""
    gpu_count: int = 1
    vram_gb: float | None = None
    """Per GPU."""
    gpu_per_hour: float
    """USD per hour for all GPUs of the offer; for spot offers the bid that will be placed."""
    cpu_ram_per_hour: float = 0.0
    """USD per hour for the CPU and memory that come with it, where priced apart."""
    disk_per_gb_hour: float = 0.0
    """USD per GB and hour."""
    min_disk_gb: int = 0
    """The smallest disk the market rents; a smaller wish is priced (and rented) as this."""
    disk_step_gb: int = 1
    spot: bool = False
    min_bid: float | None = None
    region: str | None = None
    country: str | None = None
    """ISO 3166 two letters where known, else the provider's word."""
    reliability: float | None = None
    verified: bool | None = None
    cuda_version: float | None = None
    driver_version: str | None = None
    cpu_cores: float | None = None
    ram_gb: float | None = None
    max_disk_gb: float | None = None
    inet_down_mbps: float | None = None
    inet_up_mbps: float | None = None
    inet_down_cost_per_gb: float | None = None
    inet_up_cost_per_gb: float | None = None
    max_hours: float | None = None
    """How long the host will rent it, from `fetched_at`."""
    tflops: float | None = None
    max_gpu_count: int | None = None
    """Where the market lets the buyer choose: the largest `gpu_count` this row can be rented with."""
    fetched_at: Instant
    network: str | None = None
    """Provider's own launch detail that must survive until the create (TensorDock: `FORWARDED` or dedicated)."""


def disk_rented(offer: Offer, wanted_gb: int) -> int:
    """The disk that will really be rented for a wish: never below the market's minimum, in its steps."""
    least = max(wanted_gb, offer.min_disk_gb)
    steps = -(-(least - offer.min_disk_gb) // offer.disk_step_gb)
    return offer.min_disk_gb + steps * offer.disk_step_gb


def price_per_hour(offer: Offer, disk_gb: int) -> Micros:
    """All-in micro-dollars per hour with `disk_gb` of disk wished for."""
    disk = offer.disk_per_gb_hour * disk_rented(offer, disk_gb)
    return to_micros(offer.gpu_per_hour + offer.cpu_ram_per_hour + disk)


def price_parts(offer: Offer, disk_gb: int) -> dict[str, Micros]:
    """`gpu`, `disk` and `cpu_ram` per hour; they add up to `price_per_hour` exactly."""
    gpu = to_micros(offer.gpu_per_hour)
    cpu_ram = to_micros(offer.cpu_ram_per_hour)
    return {"gpu": gpu, "disk": price_per_hour(offer, disk_gb) - gpu - cpu_ram, "cpu_ram": cpu_ram}
