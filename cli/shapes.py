"""The service's answers as plain dictionaries; fields that are newer than this client stay in them."""

from typing import Any, Required, TypedDict


class Offer(TypedDict, total=False):
    """One thing that can be rented; USD, GB, hours."""

    id: Required[str]
    provider: str
    gpu: str
    gpu_count: int
    vram_gb: float | None
    price_per_hour: float
    price: dict[str, float]
    spot: bool
    region: str | None
    country: str | None
    reliability: float | None
    verified: bool | None
    cuda_version: float | str | None


class ProviderStatus(TypedDict, total=False):
    status: str
    fetched_at: str | None
    age_seconds: float | None
    offers: int
    error: str | None


class Inventory(TypedDict):
    offers: list[Offer]
    count: int
    total: int | None
    next_cursor: str | None
    providers: dict[str, ProviderStatus]


class PricePoint(TypedDict):
    at: str
    lowest: float
    median: float
    offers: int


class PriceSeries(TypedDict):
    """A card at a market over time; USD per GPU and hour."""

    gpu: str
    vram_gb: float | None
    provider: str
    spot: bool
    lowest: float
    median: float
    latest: PricePoint
    points: list[PricePoint]


class Address(TypedDict, total=False):
    host: Required[str]
    port: Required[int]
    user: Required[str]
    command: str


class OpenPort(TypedDict):
    """A port of the machine, and where it is reached from outside."""

    port: int
    host: str
    external_port: int


class Attempt(TypedDict, total=False):
    offer_id: str
    outcome: str
    detail: str | None
    at: str | None


class Session(TypedDict, total=False):
    """Our promise to a consumer. Moments are RFC 3339."""

    id: Required[str]
    status: Required[str]
    consumer: str
    status_reason: str | None
    end_reason: str | None
    provider: str | None
    provider_instance_id: str | None
    tag: str
    offer: Offer | None
    gpu: str | None
    gpu_count: int | None
    price_per_hour: float | None
    workload: str | None
    hours: float
    disk_gb: int
    created_at: str
    running_at: str | None
    expires_at: str | None
    hard_max_at: str | None
    lease_minutes: float | None
    lease_expires_at: str | None
    ended_at: str | None
    ssh: Address | None
    ports: list[OpenPort] | None
    cost: dict[str, float]
    last_heartbeat_at: str | None
    gpu_util: float | None
    kill_paths: dict[str, bool]
    attempts: list[Attempt]
    absence_proof: dict[str, Any] | None


class SessionList(TypedDict):
    sessions: list[Session]
    count: int
    next_cursor: str | None


class Event(TypedDict, total=False):
    at: str
    to: str
    reason: str | None
    detail: str | None
    actor: str | None


class Consumer(TypedDict, total=False):
    id: Required[str]
    role: str
    max_sessions: int
    max_price_per_hour: float
    status: str


class Key(TypedDict, total=False):
    key_id: Required[str]
    key: str
    created_at: str | None
    last_used_at: str | None
    revoked_at: str | None


class ConsumerList(TypedDict):
    consumers: list[Consumer]
    count: int
    next_cursor: str | None


class KeyList(TypedDict):
    keys: list[Key]
    count: int
    next_cursor: str | None


class Health(TypedDict, total=False):
    status: Required[str]
    deployment: str
    version: str
    checks: dict[str, dict[str, Any]]


Costs = TypedDict(
    "Costs",
    {
        "currency": str,
        "from": str,
        "to": str,
        "total": float,
        "gpu_hours": float,
        "burn_per_hour": float,
        "groups": list[dict[str, Any]],
    },
)
"""What was spent between two days; each group has `key`, `cost`, `gpu_hours` and `sessions`."""


class Budget(TypedDict):
    consumer: str
    period: str
    limit: float
    thresholds: list[float]
    on_exceeded: str
    spent: float
    reserved: float
    forecast: float


class Requirements(TypedDict, total=False):
    gpu: list[str]
    min_vram_gb: float
    gpu_count: int
    max_price: float
    min_reliability: float
    country: list[str]
    provider: list[str]
    min_cuda: float
    spot: bool
    verified: bool


class Launch(TypedDict, total=False):
    """The body of POST /sessions: exactly one of `offer_id` and `requirements`."""

    offer_id: str
    requirements: Requirements
    ssh_public_key: Required[str]
    hours: float
    disk_gb: int
    image: str
    env: dict[str, str]
    onstart: str
    ports: list[int]
    workload: str
    idle_minutes: int
    lease_minutes: float
    extendable_hours: float
    max_price: float
    max_attempts: int
    consumer: str


FINAL = ("terminated", "failed")
