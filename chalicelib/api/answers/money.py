"""What was spent, what may be, and who is told."""

from typing import Annotated, Literal, NotRequired, TypedDict

from msgspec import Meta

from chalicelib.api.answers.words import ConsumerName, Count, Cursor, SessionId, Time, Usd, UsdPerHour

Day = Annotated[str, Meta(description="A day in UTC.", examples=["2026-11-23"])]
GpuHours = Annotated[float, Meta(description="Hours of one GPU each.", examples=[2.5])]


class CostDay(TypedDict):
    """What a group cost on one day."""

    day: Day
    cost: Usd


class CostGroup(TypedDict):
    """One day, month, session, market, card or consumer."""

    key: Annotated[str, Meta(examples=["2026-11-23"])]
    cost: Usd
    gpu_hours: GpuHours
    sessions: Count
    days: NotRequired[list[CostDay]]


Costs = TypedDict(
    "Costs",
    {
        "currency": Literal["USD"],
        "from": Day,
        "to": Day,
        "total": Usd,
        "gpu_hours": GpuHours,
        "burn_per_hour": UsdPerHour,
        "groups": list[CostGroup],
    },
)
"""What was spent between two days, both included, up to this moment."""


class Budget(TypedDict):
    """What a consumer may spend in a day or month (UTC), and what is spent and set aside of it."""

    consumer: ConsumerName
    period: Literal["day", "month"]
    limit: Usd
    thresholds: Annotated[list[float], Meta(examples=[[0.5, 0.8, 1.0]])]
    on_exceeded: Literal["alert", "block", "terminate"]
    spent: Usd
    reserved: Annotated[float, Meta(description="The worst case of what runs, in USD.", examples=[0.51])]
    forecast: Annotated[float, Meta(description="USD spent at the period's end if all goes on as now.", examples=[9.8])]


class Alert(TypedDict):
    """Something people were told, or are about to be."""

    id: Annotated[str, Meta(examples=["ada:2026-11:0.8"])]
    kind: Annotated[str, Meta(examples=["budget"])]
    consumer: ConsumerName | None
    session: SessionId | None
    provider: str | None
    period: Annotated[str, Meta(examples=["2026-11"])] | None
    threshold: Annotated[float, Meta(examples=[0.8])] | None
    dedupe_id: Annotated[str, Meta(description="The same for the same alert, however often it arrives.")]
    at: Time
    sent_at: Annotated[Time | None, Meta(description="Null while it waits.")]
    detail: str


class AlertList(TypedDict):
    """Newest first."""

    alerts: list[Alert]
    count: Count
    next_cursor: Cursor | None


class Subscription(TypedDict):
    """Where alerts go. Null as `consumer`: everybody's."""

    id: Annotated[str, Meta(examples=["0f3a9c1b2d4e5f607182"])]
    protocol: Literal["email", "https"]
    endpoint: Annotated[str, Meta(examples=["https://hooks.example.com/gpu"])]
    consumer: ConsumerName | None
    created_at: Time


class SubscriptionList(TypedDict):
    """Newest first."""

    subscriptions: list[Subscription]
    count: Count
    next_cursor: Cursor | None
