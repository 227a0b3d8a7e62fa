"""The bodies that requests may have, as far as types and bounds can say it; `orders` has the rules beyond."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from chalicelib.domain import period
from chalicelib.domain.access import Role
from chalicelib.domain.budget import THRESHOLDS, OnExceeded
from chalicelib.domain.lease import MOST_BEATS, OnDisconnect
from chalicelib.domain.offer import DISK_GB
from chalicelib.domain.pulse import GpuView

Price = Annotated[float, Meta(gt=0, le=1000)]
"""USD per hour, all-in, at most six decimals."""
Word = Annotated[str, Meta(min_length=1, max_length=64)]
Hours = Annotated[float, Meta(gt=0, le=8784)]
LeaseMinutes = Annotated[
    float,
    Meta(
        gt=0,
        le=1440,
        description="It ends by itself unless POST /sessions/{id}/renew is asked for so often. Null: no need to.",
    ),
]
MaxAttempts = Annotated[
    int,
    Meta(
        ge=1,
        le=5,
        description="How many offers may be tried, one after the other is proven gone; 3, or 1 with `offer_id`. One "
        "found taken before anything was sent is no try.",
    ),
]
Port = Annotated[int, Meta(ge=1, le=65535)]
Percent = Annotated[float, Meta(ge=0, le=100)]
Megabytes = Annotated[float, Meta(ge=0, le=1e9)]
ConsumerId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$(?!\n)")]
Sessions = Annotated[int, Meta(ge=0, le=1000)]
PriceLimit = Annotated[float, Meta(ge=0, le=100_000)]
Threshold = Annotated[float, Meta(gt=0, le=10)]


class RequirementsBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What any acceptable offer must be; what is left out does not matter."""

    gpu: Word | Annotated[list[Word], Meta(max_length=16)] = []
    min_vram_gb: Annotated[float, Meta(gt=0, le=10_000)] | None = None
    gpu_count: Annotated[int, Meta(ge=1, le=64)] = 1
    max_price: Price | None = None
    min_reliability: Annotated[float, Meta(ge=0, le=1)] | None = None
    country: Annotated[list[Word], Meta(max_length=64)] = []
    provider: Annotated[list[Word], Meta(max_length=16)] = []
    min_cuda: Annotated[float, Meta(gt=0, le=100)] | None = None
    spot: bool = False
    verified: bool | None = None


class SessionBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """POST /sessions. Its fingerprint has no defaults: one more field, in a later release, is no other wish."""

    offer_id: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    requirements: RequirementsBody | None = None
    ssh_public_key: str
    hours: Hours | None = None
    disk_gb: Annotated[int, Meta(ge=8, le=16_000)] = DISK_GB
    image: str | None = None
    env: dict[str, str] = {}
    onstart: str | None = None
    ports: Annotated[list[Port], Meta(max_length=16)] = []
    workload: Literal["llm", "training", "batch", "interactive", "benchmark"] | None = None
    idle_minutes: Annotated[int, Meta(ge=0, le=720)] = 0
    lease_minutes: LeaseMinutes | None = None
    on_disconnect: OnDisconnect = OnDisconnect.DESTROY
    extendable_hours: Annotated[float, Meta(ge=0, le=8784)] = 0
    max_price: Price | None = None
    max_attempts: MaxAttempts | None = None
    consumer: ConsumerId | None = None


class ExtendBody(Struct, frozen=True, kw_only=True):
    """POST /sessions/{id}/extend."""

    hours: Hours
    override: bool = False


class HeartbeatBody(Struct, frozen=True, kw_only=True):
    """POST /agent/heartbeat; lists have one entry per GPU, null where it does not tell."""

    gpu_util: Annotated[list[Percent | None], Meta(max_length=64)] = []
    gpu_mem_used_mb: Annotated[list[Megabytes | None], Meta(max_length=64)] = []
    gpus: GpuView | None = None
    ssh_sessions: Annotated[int, Meta(ge=0, le=100_000)] = 0
    uptime_seconds: Annotated[float, Meta(ge=0, le=1e10)]
    load: Annotated[float, Meta(ge=0, le=1e6)] | None = None
    beat: Annotated[int, Meta(ge=0, le=MOST_BEATS)] | None = None
    """Its number, higher each time; the uptime counts where there is none."""
    timer: Literal["armed", "off"] | None = None
    ends_at: Annotated[int, Meta(ge=0, le=10**12)] | None = None
    dying: Annotated[str, Meta(max_length=80)] | None = None


class ConsumerBody(Struct, frozen=True, kw_only=True):
    """POST /consumers; the policy's limits where none are given."""

    id: ConsumerId
    role: Role = Role.CONSUMER
    max_sessions: Sessions | None = None
    max_price_per_hour: PriceLimit | None = None
    status: Literal["active", "disabled"] = "active"


class ConsumerChangeBody(Struct, frozen=True, kw_only=True):
    """PATCH /consumers/{id}: what is left out stays."""

    role: Role | None = None
    max_sessions: Sessions | None = None
    max_price_per_hour: PriceLimit | None = None
    status: Literal["active", "disabled"] | None = None


class BudgetBody(Struct, frozen=True, kw_only=True):
    """PUT /budgets/{consumer}."""

    consumer: ConsumerId | None = None
    """As in the path, if it is named at all."""
    period: period.Kind
    limit: Annotated[float, Meta(ge=0, le=1_000_000)]
    """USD, at most six decimals."""
    thresholds: Annotated[tuple[Threshold, ...], Meta(max_length=10)] = THRESHOLDS
    on_exceeded: OnExceeded = "alert"
    spent: float | None = None
    """This and the next two as `GET` tells them: what was read may be sent back, and is not looked at."""
    reserved: float | None = None
    forecast: float | None = None


class SubscriptionBody(Struct, frozen=True, kw_only=True):
    """POST /alerts/subscriptions; `endpoint` has the rules beyond."""

    protocol: Literal["email", "https"]
    endpoint: Annotated[str, Meta(min_length=1, max_length=512)]
    consumer: ConsumerId | None = None
