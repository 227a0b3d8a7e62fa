"""What the fields of answers are made of. Amounts are USD with at most six decimals."""

from typing import Annotated

from msgspec import Meta

SESSION_ID = "local-01k5wq3c0ze8r4w1p9vb6d2n7t-7f3k9m2q"

Usd = Annotated[float, Meta(description="USD.", examples=[0.408])]
UsdPerHour = Annotated[float, Meta(description="USD per hour.", examples=[0.408])]
Time = Annotated[
    str,
    Meta(
        description="RFC 3339, UTC.",
        examples=["2026-11-23T16:00:00.000Z"],
        extra_json_schema={"format": "date-time"},
    ),
]
Count = Annotated[int, Meta(ge=0, examples=[1])]
Cursor = Annotated[str, Meta(description="Send it as `cursor` for the next page; null on the last one.")]
SessionId = Annotated[str, Meta(examples=[SESSION_ID])]
ConsumerName = Annotated[str, Meta(examples=["ada"])]
ProviderName = Annotated[str, Meta(examples=["vastai"])]
Gpu = Annotated[str, Meta(description="Canonical name, the same on every market.", examples=["RTX 4090"])]
OfferId = Annotated[str, Meta(examples=["vastai:12345"])]
