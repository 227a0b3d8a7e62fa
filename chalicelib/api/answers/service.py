"""How the service is."""

from typing import Annotated, Literal, NotRequired, TypedDict

from msgspec import Meta

from chalicelib.api.answers.words import Time


class Started(TypedDict):
    """The sweep that will run soon."""

    sweep: Annotated[str, Meta(examples=["reconcile"])]


class StoreCheck(TypedDict):
    """Can our own state be read?"""

    status: Literal["ok", "error"]


class ProviderCheck(TypedDict):
    """Can we see and may we rent on this market?"""

    status: Literal["ok", "error"]
    last_complete_list_at: Time | None
    creates_allowed: bool
    reason: Annotated[str, Meta(description="Why not.")] | None


class SweepCheck(TypedDict):
    """Does this scheduled pass keep its pace?"""

    status: Literal["ok", "overdue", "unseen"]
    last_completed_at: Time | None


class Checks(TypedDict):
    """`providers` and `sweeps` are left out while the store is down."""

    store: StoreCheck
    providers: NotRequired[dict[str, ProviderCheck]]
    sweeps: NotRequired[dict[str, SweepCheck]]


class Health(TypedDict):
    """Is the service well?"""

    status: Literal["ok", "degraded", "down"]
    deployment: Annotated[str, Meta(examples=["local"])]
    version: Annotated[str, Meta(examples=["0.1.0"])]
    checks: Checks
