"""The bodies that requests may have, as far as types and bounds can say it; `orders` has the rules beyond."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from chalicelib.domain.access import Role

Price = Annotated[float, Meta(gt=0, le=1000)]
"""USD per hour, all-in, at most six decimals."""
Word = Annotated[str, Meta(min_length=1, max_length=64)]
Hours = Annotated[float, Meta(gt=0, le=8784)]
Port = Annotated[int, Meta(ge=1, le=65535)]
ConsumerId = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{1,31}$(?!\n)")]
Sessions = Annotated[int, Meta(ge=0, le=1000)]
PriceLimit = Annotated[float, Meta(ge=0, le=100_000)]


class RequirementsBody(Struct, frozen=True, kw_only=True):
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


class SessionBody(Struct, frozen=True, kw_only=True):
    """POST /sessions."""

    offer_id: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    requirements: RequirementsBody | None = None
    ssh_public_key: str
    hours: Hours | None = None
    disk_gb: Annotated[int, Meta(ge=8, le=16_000)] = 40
    image: str | None = None
    env: dict[str, str] = {}
    onstart: str | None = None
    ports: Annotated[list[Port], Meta(max_length=16)] = []
    workload: Literal["llm", "training", "batch", "interactive", "benchmark"] | None = None
    idle_minutes: Annotated[int, Meta(ge=0, le=720)] = 0
    max_price: Price | None = None
    max_attempts: Annotated[int, Meta(ge=1, le=5)] | None = None
    consumer: ConsumerId | None = None


class ExtendBody(Struct, frozen=True, kw_only=True):
    """POST /sessions/{id}/extend."""

    hours: Hours
    override: bool = False


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
