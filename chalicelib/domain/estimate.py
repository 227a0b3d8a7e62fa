"""What a session has cost and may still cost, estimated from its own times and prices."""

from chalicelib.domain.attempt import Attempt
from chalicelib.domain.instant import Instant
from chalicelib.domain.money import Micros, over_time
from chalicelib.domain.offer import price_per_hour
from chalicelib.domain.session import Session


def accrued(session: Session, now: Instant) -> Micros:
    """Every machine of the session, from the create call to the first look that found it gone.

    The last attempt counts at the session's price, earlier ones at what their offers cost.
    """
    total = 0
    for attempt in session.attempts:
        last = attempt is session.attempts[-1]
        price = session.price_per_hour if last else price_per_hour(attempt.offer, attempt.disk_gb)
        total += over_time(price, _existed(attempt, session.ended_at, now))
    return total


def reserved(session: Session, now: Instant) -> Micros:
    """What it will cost on top if it runs to its end at the price agreed at most; nothing once it is ending."""
    if session.end_reason is not None:
        return 0
    return over_time(session.held_per_hour, max(0, min(session.expires_at, session.hard_max_at) - now))


def _existed(attempt: Attempt, ended_at: Instant | None, now: Instant) -> int:
    if attempt.called_at is None or not attempt.instance_ids:
        return 0
    until = attempt.proof.looks[0].at if attempt.proof is not None else ended_at or now
    return max(0, until - attempt.called_at)
