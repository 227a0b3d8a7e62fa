"""A session, its history and its proof."""

from typing import Annotated, TypedDict

from msgspec import Meta

from chalicelib.api.answers.inventory import Offer
from chalicelib.api.answers.words import (
    SESSION_ID,
    ConsumerName,
    Count,
    Cursor,
    Gpu,
    OfferId,
    ProviderName,
    SessionId,
    Time,
    Usd,
    UsdPerHour,
)
from chalicelib.domain.lease import Mode
from chalicelib.domain.session import EndReason, Status


class Ssh(TypedDict):
    """How to get in."""

    host: Annotated[str, Meta(examples=["203.0.113.7"])]
    port: Annotated[int, Meta(examples=[40022])]
    user: Annotated[str, Meta(examples=["root"])]
    command: Annotated[str, Meta(examples=["ssh -p 40022 root@203.0.113.7"])]


class OpenPort(TypedDict):
    """A port that was asked for, and where it is reached."""

    port: Annotated[int, Meta(examples=[8888])]
    host: Annotated[str, Meta(examples=["203.0.113.7"])]
    external_port: Annotated[int, Meta(examples=[59735])]


class Cost(TypedDict):
    """`accrued` so far; `reserved` is what it may cost on top."""

    accrued: Usd
    reserved: Usd


class KillPaths(TypedDict):
    """Who can end this machine by themselves, each with the others gone."""

    control_plane: bool
    node_agent: bool
    provider: bool


class Agent(TypedDict):
    """What the agent on the machine does, and last told."""

    mode: Annotated[Mode | None, Meta(description="Null before a create was sent.", examples=["full"])]
    note: Annotated[str, Meta(description="What does not work, and why.")] | None
    deadline: Annotated[Time | None, Meta(description="When the machine ends itself, if nobody else does.")]
    timer: Annotated[str, Meta(description="By its own last word.", examples=["armed"])] | None
    gpus: Annotated[str, Meta(description="How nvidia-smi did.", examples=["ok"])] | None
    gpu_util: Annotated[list[float | None], Meta(description="Percent, one per GPU; null: it does not tell.")]
    gpu_mem_used_mb: list[float | None]
    ssh_sessions: int | None
    uptime_seconds: float | None
    load: float | None
    idle_seconds: Annotated[float, Meta(description="For so long nothing is known to have happened.", examples=[0.0])]


class Attempt(TypedDict):
    """One offer that was tried."""

    offer_id: OfferId
    outcome: Annotated[str, Meta(examples=["running"])]
    detail: str | None
    at: Time


class Look(TypedDict):
    """One look at the market that found nothing of the session."""

    at: Time
    instance_ids: tuple[str, ...]
    machines_listed: Annotated[int, Meta(description="Machines in the complete list; none was ours.")]


class AbsenceProof(TypedDict):
    """Two such looks, apart: the machine is gone."""

    provider: ProviderName
    tag: str
    instance_ids: tuple[str, ...]
    looks: list[Look]


class Session(TypedDict):
    """Our promise to a consumer, on one machine."""

    id: SessionId
    consumer: ConsumerName
    status: Annotated[Status, Meta(examples=["running"])]
    status_reason: str | None
    end_reason: Annotated[EndReason | None, Meta(examples=[None])]
    provider: ProviderName
    provider_instance_id: str | None
    tag: Annotated[
        str, Meta(description="What the machine is called at the market.", examples=[f"shopper-{SESSION_ID}"])
    ]
    offer: Offer
    gpu: Gpu
    gpu_count: Count
    price_per_hour: UsdPerHour
    workload: str | None
    hours: Annotated[float, Meta(examples=[1.0])]
    disk_gb: Annotated[int, Meta(examples=[40])]
    created_at: Time
    state_entered_at: Annotated[Time, Meta(description="Since when `status` is what it is.")]
    running_at: Time | None
    expires_at: Time
    hard_max_at: Time
    lease_minutes: Annotated[float, Meta(description="How often it must be renewed.", examples=[10.0])] | None
    lease_expires_at: Annotated[
        Time | None, Meta(description="When it ends unless it is renewed; no later than the rest.")
    ]
    ended_at: Annotated[Time | None, Meta(examples=[None])]
    ssh: Ssh | None
    ports: Annotated[
        list[OpenPort] | None,
        Meta(examples=[[{"port": 8888, "host": "203.0.113.7", "external_port": 59735}]]),
    ]
    cost: Cost
    last_heartbeat_at: Time | None
    gpu_util: float | None
    kill_paths: KillPaths
    agent: Agent
    attempts: list[Attempt]
    absence_proof: Annotated[AbsenceProof | None, Meta(description="Once it has ended.", examples=[None])]


class SessionList(TypedDict):
    """Newest first."""

    sessions: list[Session]
    count: Count
    next_cursor: Cursor | None


Event = TypedDict(
    "Event",
    {"at": Time, "from": Status | None, "to": Status, "reason": str, "detail": str | None, "actor": str},
)
Event.__doc__ = "One transition of a session."


class EventList(TypedDict):
    """Oldest first."""

    events: list[Event]
    count: Count
    next_cursor: Cursor | None


class Lease(TypedDict):
    """What an agent is told: until when its machine may live. It believes `lease` alone, which `proof` proves."""

    deadline: Time
    destroy: Annotated[bool, Meta(description="End the machine now.", examples=[False])]
    lease: Annotated[
        str,
        Meta(
            description="Number of the beat, deadline, seconds left, limit (Unix seconds), 1 for `destroy`.",
            examples=["1795449600 1795453200 3600 1795492800 0"],
        ),
    ]
    proof: Annotated[str, Meta(examples=["5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"])]
