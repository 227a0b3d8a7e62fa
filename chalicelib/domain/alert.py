"""What people are told: each alert once, by an id that two tellers would make the same."""

from enum import StrEnum

import msgspec

from chalicelib.domain.attempt import Attempt
from chalicelib.domain.instant import HOUR, Instant, seconds
from chalicelib.domain.money import Micros, over_time, to_dollars
from chalicelib.domain.policy import Policy
from chalicelib.domain.session import Session


class Kind(StrEnum):
    ORPHAN_DESTROYED = "orphan_destroyed"
    SESSION_LOST = "session_lost"
    DESTROY_STUCK = "destroy_stuck"
    BRAKE_FROZEN = "brake_frozen"
    PROVIDER_AUTH = "provider_auth"
    SESSION_UNREACHABLE = "session_unreachable"
    IDLE_WARNING = "idle_warning"
    NODE_ENDS_ITSELF = "node_ends_itself"
    BUDGET = "budget"
    LOW_BALANCE = "low_balance"
    INVOICE_DRIFT = "invoice_drift"
    LAUNCH_UNCERTAIN_CLOSED = "launch_uncertain_closed"


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the outbox: pending until `sent_at`. `consumer` None is for operators alone."""

    dedupe_id: str
    kind: str
    at: Instant
    detail: str
    consumer: str | None = None
    session: str | None = None
    provider: str | None = None
    period: str | None = None
    threshold: float | None = None
    sent_at: Instant | None = None


def stuck(session: Session, attempt: Attempt, now: Instant, policy: Policy) -> Alert | None:
    """A destroy that does not get done: at the third, at half an hour, then each hour, with the dollars burnt."""
    if attempt.ending_since is None or attempt.destroy_calls == 0:
        return None
    length = now - attempt.ending_since
    if length >= HOUR:
        level = f"{length // HOUR}h"
    elif length >= seconds(policy.destroy_page_seconds):
        level = "page"
    elif attempt.destroy_calls >= policy.destroy_warn_failures:
        level = "warn"
    else:
        return None
    burnt: Micros = over_time(session.price_per_hour, length)
    detail = (
        f"{attempt.destroy_calls} destroys of {', '.join(attempt.instance_ids)} at {attempt.offer.provider} in "
        f"{length // 60_000} min, still not gone: about ${to_dollars(burnt):.2f} burnt since it should have ended. "
        f"Last answer: {attempt.destroy_error or 'accepted'}"
    )
    return Alert(
        dedupe_id=f"stuck:{session.id}:{len(session.attempts)}:{level}",
        kind=Kind.DESTROY_STUCK,
        at=now,
        detail=detail,
        consumer=session.consumer,
        session=session.id,
        provider=attempt.offer.provider,
    )
