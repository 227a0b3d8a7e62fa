"""What stands in paths, query strings and headers: the form of each parameter, as `queries` reads it."""

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

from msgspec import Meta

from chalicelib.api.inventory import DISK_MOST, GPUS_MOST
from chalicelib.api.prices import DAYS_DEFAULT, DAYS_MOST, DAYS_MOST_BY_HOUR
from chalicelib.api.queries import LIMIT_DEFAULT, LIMIT_MOST
from chalicelib.domain.book import Sort
from chalicelib.domain.offer import DISK_GB
from chalicelib.domain.schedule import EVERY
from chalicelib.domain.session import Status
from chalicelib.usecases.costing import GroupBy
from chalicelib.usecases.pricing import Step

_PRINTABLE = "^[ -~]*$"
Text = Annotated[str, Meta(min_length=1, max_length=512, pattern=_PRINTABLE)]
Texts = Annotated[
    list[Annotated[str, Meta(min_length=1, max_length=500, pattern=r"^[!-+\-.-~]*$")]], Meta(min_length=1)
]
Amount = Annotated[float, Meta(ge=0, le=1e9)]
Gpus = Annotated[int, Meta(ge=1, le=GPUS_MOST)]
SessionId = Annotated[str, Meta(pattern="^[a-z0-9-]{1,64}$", examples=["local-01k5wq3c0ze8r4w1p9vb6d2n7t-7f3k9m2q"])]
ConsumerId = Annotated[str, Meta(pattern="^[A-Za-z0-9._-]{1,32}$", examples=["ada"])]


Day = Annotated[
    str, Meta(pattern=r"^2\d{3}-\d{2}-\d{2}$", examples=["2026-11-23"], extra_json_schema={"format": "date"})
]


class Parameter(NamedTuple):
    kind: Any
    """Its type, as msgspec describes it."""
    means: str
    default: object = None


QUERY: Mapping[str, Parameter] = {
    "limit": Parameter(Annotated[int, Meta(ge=1, le=LIMIT_MOST)], "How many to answer at most.", LIMIT_DEFAULT),
    "cursor": Parameter(
        Annotated[str, Meta(min_length=1, max_length=8192, pattern=_PRINTABLE)], "`next_cursor` of the page before."
    ),
    "provider": Parameter(Texts, "Any of these markets; repeat it, or put commas between."),
    "gpu": Parameter(Texts, "Any of these cards, in anybody's spelling; repeat it, or put commas between."),
    "min_vram_gb": Parameter(Amount, "Per GPU."),
    "max_price": Parameter(Amount, "USD per hour, all-in, at most six decimals."),
    "min_gpus": Parameter(Gpus, "GPUs in one machine, at least."),
    "gpu_count": Parameter(Gpus, "GPUs in one machine, exactly."),
    "region": Parameter(Text, "Part of the market's word for the place; case does not matter."),
    "country": Parameter(Texts, "Any of these; two letters where the market knows them."),
    "min_reliability": Parameter(Annotated[float, Meta(ge=0, le=1)], "0 to 1."),
    "min_cuda": Parameter(Amount, "The CUDA version that the driver supports."),
    "spot": Parameter(bool, "Only interruptible offers, or none."),
    "verified": Parameter(bool, "Only hosts that the market has verified, or none."),
    "disk_gb": Parameter(Annotated[int, Meta(ge=0, le=DISK_MOST)], "The disk that prices include.", DISK_GB),
    "sort": Parameter(Sort, "`value` is price by TFLOPS.", "price"),
    "status": Parameter(
        Annotated[str, Meta(extra_json_schema={"enum": [*Status, "active"]})],
        "`active` is every status that is not final.",
    ),
    "consumer": Parameter(Text, "Only theirs; operators may name anybody."),
    "session": Parameter(SessionId, "Only this session's."),
    "from": Parameter(Day, "The first day, in UTC; by default thirty days up to the last."),
    "to": Parameter(Day, "The last day, in UTC; today by default. At most ten years in all."),
    "group_by": Parameter(GroupBy, "What the groups are.", "day"),
    "days": Parameter(
        Annotated[int, Meta(ge=1, le=DAYS_MOST)],
        f"The last so many days in UTC, today included; by the hour at most {DAYS_MOST_BY_HOUR}.",
        DAYS_DEFAULT,
    ),
    "step": Parameter(Step, "What a point stands for.", "day"),
    "by_day": Parameter(bool, "Tell the `days` of each group, too.", False),
}
"""By name, or by `METHOD path?name` where one route means something else by it."""

ROUTE_QUERY: Mapping[str, Parameter] = {
    "GET /sessions?provider": Parameter(Text, "Only those on this market."),
}

PATH: Mapping[str, Parameter] = {
    "inventory/{offer_id}": Parameter(
        Annotated[str, Meta(min_length=1, max_length=200, pattern="^[^/]+$", examples=["vastai:12345"])], "The offer."
    ),
    "sessions/{id}": Parameter(SessionId, "The session."),
    "consumers/{id}": Parameter(ConsumerId, "The consumer."),
    "keys/{key_id}": Parameter(Annotated[str, Meta(pattern="^[a-z0-9]{1,32}$", examples=["0123456789"])], "The key."),
    "budgets/{consumer}": Parameter(ConsumerId, "The consumer."),
    "subscriptions/{id}": Parameter(
        Annotated[str, Meta(pattern="^[0-9a-f]{1,64}$", examples=["0f3a9c1b2d4e5f607182"])], "The subscription."
    ),
    "sweeps/{name}": Parameter(Annotated[str, Meta(extra_json_schema={"enum": [*EVERY]})], "The scheduled pass."),
    "dashboard/{name}": Parameter(
        Annotated[str, Meta(pattern="^[a-z]+[.](css|js|svg)$", examples=["app.js"])], "The file."
    ),
}
"""By the segment before it."""

HEADERS: Mapping[str, Mapping[str, Parameter]] = {
    "POST /sessions": {
        "Idempotency-Key": Parameter(
            Annotated[str, Meta(min_length=1, max_length=255, pattern=_PRINTABLE)],
            "The same key with the same body answers the same session for 24 hours, never a second one.",
        )
    },
}
"""Headers of requests beside `Authorization`, by route."""
