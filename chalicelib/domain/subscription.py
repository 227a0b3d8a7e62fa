"""Who is told of alerts, and where."""

import hashlib
from typing import Literal

import msgspec

from chalicelib.domain.instant import Instant

Protocol = Literal["email", "https"]


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """`consumer` None hears everything: for operators alone."""

    id: str
    protocol: Protocol
    endpoint: str
    consumer: str | None
    created_at: Instant
    arn: str | None = None
    """The topic's own name for it; None while the topic has not been asked, or did not answer."""
    asked_at: Instant | None = None
    """When the topic last asked the endpoint to confirm."""
    ended_at: Instant | None = None
    """When its owner ended it, though the topic does not let go of one that nobody has confirmed yet."""


def identity(protocol: str, endpoint: str) -> str:
    """The same for the same endpoint: the topic keeps one subscription for it."""
    return hashlib.sha256(f"{protocol}:{endpoint}".encode()).hexdigest()[:20]
