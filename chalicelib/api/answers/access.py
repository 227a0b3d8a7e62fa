"""Consumers, their keys, and whose key this is."""

from typing import Annotated, Literal, TypedDict

from msgspec import Meta

from chalicelib.api.answers.words import ConsumerName, Count, Cursor, Time, UsdPerHour
from chalicelib.domain.access import Role


class Consumer(TypedDict):
    """Who pays, within which limits, and what of them is in use."""

    id: ConsumerName
    role: Role
    max_sessions: Annotated[int, Meta(examples=[3])]
    max_price_per_hour: Annotated[float, Meta(description="USD, summed over live sessions.", examples=[2.0])]
    status: Literal["active", "disabled"]
    created_at: Time
    sessions: Count
    committed_per_hour: UsdPerHour
    has_budget: bool


class ConsumerList(TypedDict):
    """By id."""

    consumers: list[Consumer]
    count: Count
    next_cursor: Cursor | None


class Key(TypedDict):
    """An API key, without its secret."""

    key_id: Annotated[str, Meta(examples=["0123456789"])]
    created_at: Time
    last_used_at: Time | None
    revoked_at: Time | None


class KeyList(TypedDict):
    """Oldest first."""

    keys: list[Key]
    count: Count
    next_cursor: Cursor | None


class IssuedKey(TypedDict):
    """The key itself, shown this one time."""

    key_id: Annotated[str, Meta(examples=["0123456789"])]
    key: Annotated[str, Meta(examples=["gs_0123456789_…"])]


class Terms(TypedDict):
    """What holds for every rental here."""

    default_hours: Annotated[float, Meta(examples=[1.0])]
    hard_max_hours: Annotated[float, Meta(description="No session lives longer.", examples=[12.0])]
    hold_margin_hours: Annotated[float, Meta(description="Held on top, for ending it.", examples=[0.25])]
    price_tolerance: Annotated[float, Meta(description="How much dearer a re-quote may be.", examples=[0.1])]


class Me(TypedDict):
    """Whose key this is."""

    key_id: str
    consumer: Consumer
    terms: Terms
