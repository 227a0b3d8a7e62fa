"""What a consumer's live sessions may hold at once, and the answers to one who asks for more."""

from chalicelib.domain.access import Consumer
from chalicelib.domain.errors import Refusal
from chalicelib.domain.money import Micros, to_dollars
from chalicelib.domain.session import Session


def held(session: Session) -> tuple[int, Micros]:
    """(sessions, micro-dollars per hour) that this session takes of its consumer's quota: nothing once final."""
    return (0, 0) if session.final else (1, session.held_per_hour)


def exceeded(consumer: Consumer, more: Micros) -> Refusal | None:
    """Why one further session at `more` per hour would be too much; None when it fits."""
    if consumer.sessions + 1 > consumer.max_sessions:
        return Refusal(
            429,
            "quota_exceeded",
            f"{consumer.sessions} of {consumer.max_sessions} sessions are in use",
            limit="max_sessions",
        )
    if consumer.committed_per_hour + more > consumer.max_price_per_hour:
        return Refusal(
            429,
            "quota_exceeded",
            f"${to_dollars(consumer.committed_per_hour):g}/h of ${to_dollars(consumer.max_price_per_hour):g}/h"
            f" is in use, and this session takes ${to_dollars(more):g}/h",
            limit="max_price_per_hour",
        )
    return None


def not_active() -> Refusal:
    """The key was revoked, or its consumer disabled, since the request was let in."""
    return Refusal(401, "unauthorized", "the key is not active")


def conflict() -> Refusal:
    return Refusal(409, "idempotency_conflict", "this Idempotency-Key was used with a different request")
