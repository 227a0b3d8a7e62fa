"""The limits of a session's life: its hours, its hard max, and the lease that its owner renews.

A lease is for owners who may die unnoticed, such as a program that rents: a renewal says that somebody is still there.
It ends a session sooner and never later, and the hold is the worst case by the hours all the same.
"""

from typing import NamedTuple

import msgspec

from chalicelib.domain.instant import Instant, rfc3339, seconds
from chalicelib.domain.session import EndReason, Session, Status


class Reached(NamedTuple):
    """The limit that is over, and what people are told of it."""

    reason: EndReason
    detail: str | None = None


def reached(session: Session, now: Instant) -> Reached | None:
    """The limit that ends it now; the strictest promise is named first."""
    if session.final or session.status is Status.TERMINATING:
        return None
    if now >= session.hard_max_at:
        return Reached(EndReason.HARD_MAX)
    if now >= session.expires_at:
        return Reached(EndReason.EXPIRED)
    over = session.lease_expires_at
    if over is not None and now >= over:
        return Reached(EndReason.EXPIRED, f"the lease was not renewed: it ran out at {rfc3339(over)}")
    return None


def leased(session: Session, now: Instant) -> Session:
    """With its whole lease before it again. One that was ordered without a lease comes back unchanged."""
    minutes = session.order.lease_minutes
    if minutes is None:
        return session
    until = max(now + seconds(60 * minutes), session.lease_expires_at or 0)
    return msgspec.structs.replace(session, lease_expires_at=until)
