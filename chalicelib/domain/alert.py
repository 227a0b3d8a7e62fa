"""What people are told: each alert once, by an id that two tellers would make the same."""

from enum import StrEnum

import msgspec

from chalicelib.domain.attempt import Stage
from chalicelib.domain.instance import Instance
from chalicelib.domain.instant import HOUR, Instant, Millis, seconds
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
    MACHINE_RENAMED = "machine_renamed"
    SESSION_UNREADABLE = "session_unreadable"


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


def due_since(session: Session) -> Instant | None:
    """Since when, or from when on, a destroy of its machine is due; None while there is no machine to be destroyed."""
    attempt = session.attempt
    if attempt is None or attempt.stage is Stage.CLOSED:
        return None
    if attempt.stage is not Stage.ENDING:
        return session.ends_at
    return attempt.ending_since if attempt.instance_ids or attempt.destroy_calls else None


def stuck(session: Session, now: Instant, policy: Policy) -> Alert | None:
    """A destroy that does not get done, be it that it was never sent: at the third, at half an hour, then each hour,
    with the dollars burnt."""
    since, attempt = due_since(session), session.attempt
    if since is None or attempt is None:
        return None
    ending = attempt.stage is Stage.ENDING
    asked = attempt.destroy_calls if ending else 0  # a twin may have been asked for before
    level = _level(now - since, asked, policy)
    if level is None:
        return None
    if asked:
        what = f"{asked} destroys of {', '.join(attempt.instance_ids)}"
        last = f"Last answer: {attempt.destroy_error or 'accepted'}"
    else:
        what = f"no destroy of {', '.join(attempt.instance_ids) or 'its machine'}"
        last = f"Nothing was asked yet ({session.status.value}): {attempt.destroy_error or 'do the sweeps run?'}"
    number = len(session.attempts) if ending else "overdue"
    return Alert(
        dedupe_id=f"stuck:{session.id}:{number}:{level}",
        kind=Kind.DESTROY_STUCK,
        at=now,
        detail=f"{what} at {attempt.offer.provider} in {_burnt(session.price_per_hour, now - since)}. {last}",
        consumer=session.consumer,
        session=session.id,
        provider=attempt.offer.provider,
    )


def orphan_stuck(instance: Instance, since: Instant, asked: int, now: Instant, policy: Policy) -> Alert | None:
    """The same of a machine that no session has, first seen at `since`, whose end `asked` passes have asked for."""
    level = _level(now - since, asked, policy)
    if level is None:
        return None
    return Alert(
        dedupe_id=f"stuck:orphan:{instance.id}:{level}",
        kind=Kind.DESTROY_STUCK,
        at=now,
        detail=f"{asked} destroys of {instance.id} at {instance.provider}, which no session has, in "
        f"{_burnt(instance.price_per_hour, now - since)}. It is asked again by every pass",
        provider=instance.provider,
    )


def _level(length: Millis, asked: int, policy: Policy) -> str | None:
    if length >= HOUR:
        return f"{length // HOUR}h"
    if length >= seconds(policy.destroy_page_seconds):
        return "page"
    return "warn" if asked >= policy.destroy_warn_failures else None


def _burnt(per_hour: Micros | None, length: Millis) -> str:
    minutes = f"{length // 60_000} min, still not gone"
    if per_hour is None:
        return minutes
    return f"{minutes}: about ${to_dollars(over_time(per_hour, length)):.2f} burnt since it should have ended"
