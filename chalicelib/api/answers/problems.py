"""What every refusal looks like."""

from typing import Annotated, NotRequired, TypedDict

from msgspec import Meta


class Problem(TypedDict):
    """What went wrong (RFC 9457). `code` is for programs, `detail` for people."""

    type: Annotated[str, Meta(examples=["urn:gpu-shopper:problem:not_found"])]
    title: Annotated[str, Meta(examples=["Not found"])]
    status: Annotated[int, Meta(examples=[404])]
    detail: Annotated[str, Meta(examples=["no such session"])]
    code: Annotated[str, Meta(examples=["not_found"])]
    request_id: Annotated[str, Meta(examples=["7a2c7ab0-3f0c-4a5e-9c55-0d3a1c5b5a10"])]
    field: NotRequired[Annotated[str, Meta(description="The field of the request it is about.", examples=["hours"])]]
