"""What can be rented."""

from typing import Annotated, Literal, TypedDict

from msgspec import Meta

from chalicelib.api.answers.words import Count, Cursor, Gpu, OfferId, ProviderName, Time, Usd


class PriceParts(TypedDict):
    """USD per hour each; they add up to `price_per_hour`."""

    gpu: Annotated[float, Meta(examples=[0.4])]
    disk: Annotated[float, Meta(examples=[0.008])]
    cpu_ram: Annotated[float, Meta(examples=[0.0])]


class Offer(TypedDict):
    """What a market would rent now, at its true price."""

    id: OfferId
    provider: ProviderName
    provider_offer_id: Annotated[str, Meta(examples=["12345"])]
    machine_id: str | None
    gpu: Gpu
    gpu_count: Count
    vram_gb: Annotated[float, Meta(description="Per GPU.", examples=[24.0])] | None
    total_vram_gb: Annotated[float, Meta(examples=[24.0])] | None
    price_per_hour: Annotated[float, Meta(description="USD per hour, all-in for the disk asked for.", examples=[0.408])]
    price: PriceParts
    spot: Annotated[bool, Meta(description="Cheaper, and may be taken away at any moment.")]
    min_bid: Usd | None
    region: str | None
    country: Annotated[str, Meta(examples=["SE"])] | None
    reliability: Annotated[float, Meta(description="0 to 1.", examples=[0.99])] | None
    verified: bool | None
    cuda_version: Annotated[float, Meta(examples=[12.4])] | None
    driver_version: str | None
    cpu_cores: float | None
    ram_gb: float | None
    max_disk_gb: float | None
    inet_down_mbps: float | None
    inet_up_mbps: float | None
    inet_down_cost_per_gb: Usd | None
    inet_up_cost_per_gb: Usd | None
    max_hours: Annotated[float, Meta(description="How long the host will rent it.", examples=[720.0])] | None
    tflops: float | None
    fetched_at: Time


_Price = Annotated[float, Meta(examples=[0.408])]


class PricePoint(TypedDict):
    """A card at a market in one hour, or one day. USD per GPU and hour."""

    at: Annotated[Time, Meta(description="Its beginning.")]
    lowest: _Price
    median: _Price
    offers: Annotated[int, Meta(description="Of a day: in an hour, on average.", examples=[38])]


class PriceSeries(TypedDict):
    """A card at a market over time."""

    gpu: Gpu
    vram_gb: Annotated[float, Meta(examples=[24.0])] | None
    provider: ProviderName
    spot: bool
    lowest: _Price
    median: _Price
    latest: PricePoint
    points: list[PricePoint]


PriceList = TypedDict(
    "PriceList",
    {"from": Time, "to": Time, "prices": list[PriceSeries], "count": Count, "next_cursor": Cursor | None},
)
"""What cards cost lately, by card, then by market."""


class Market(TypedDict):
    """How much of a market's word we have, and how old it is."""

    status: Literal["ok", "stale", "error", "unconfigured"]
    fetched_at: Time | None
    age_seconds: float | None
    offers: Annotated[int, Meta(description="Of all kinds, before any filter.", examples=[312])]
    error: str | None


class Inventory(TypedDict):
    """One page of the offers that match."""

    offers: list[Offer]
    count: Count
    total: Annotated[int, Meta(description="How many match on all pages.", examples=[312])]
    next_cursor: Cursor | None
    providers: Annotated[dict[str, Market], Meta(description="By provider.")]
