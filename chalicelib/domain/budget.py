"""Budgets: what may be spent in a day or a month (UTC), and what is set aside for sessions that are under way.

A session holds its worst case from the moment it is opened until it is settled. What it spends leaves its hold and
counts in the day it was spent in; what is left of the hold counts, whole, in whatever period it is now: a session
that runs past midnight is covered by both days' limits, and neither is ever passed.
"""

from typing import Literal

import msgspec

from chalicelib.domain import period
from chalicelib.domain.errors import Refusal
from chalicelib.domain.instant import HOUR, Instant, Millis
from chalicelib.domain.money import Micros, over_time, to_dollars

OnExceeded = Literal["alert", "block", "terminate"]
THRESHOLDS = (0.5, 0.8, 1.0)


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """`alert` only tells; `block` refuses what could pass the limit; `terminate` also ends what runs once it is
    reached."""

    period: period.Kind
    limit: Micros
    thresholds: tuple[float, ...] = THRESHOLDS
    """Shares of the limit at which people are told, once a period each."""
    on_exceeded: OnExceeded = "alert"
    since: Instant
    """When it was last set: earlier periods are none of its business."""

    @property
    def blocks(self) -> bool:
        return self.on_exceeded != "alert"


def worst_case(held_per_hour: Micros, length: Millis, margin: Millis) -> Micros:
    """What a session may cost at most: its ceiling for its whole length, and as long as a destroy may take."""
    return over_time(held_per_hour, length + margin)


def left(hold: Micros, spent: Micros) -> Micros:
    """What remains set aside of a hold of which so much is spent; a session dearer than its hold has none left."""
    return max(0, hold - max(0, spent))


def lengthened(hold: Micros, spent: Micros, more: Micros) -> Micros:
    """The hold of a session that is made longer: exactly so much more is set aside, whatever it has cost by now."""
    return max(hold, spent) + more


def exceeded(budget: Budget | None, booked: Micros, more: Micros) -> Refusal | None:
    """Why so much more may not be set aside; None when it fits, or nothing forbids it."""
    if budget is None or not budget.blocks or booked + more <= budget.limit:
        return None
    free = max(0, budget.limit - booked)
    detail = (
        f"this may cost up to ${to_dollars(more):g}, and ${to_dollars(free):g} of the {budget.period}'s "
        f"${to_dollars(budget.limit):g} is neither spent nor reserved"
    )
    return Refusal(
        402,
        "budget_exceeded",
        detail,
        limit=to_dollars(budget.limit),
        available=to_dollars(free),
        needed=to_dollars(more),
    )


def crossed(budget: Budget, spent: Micros) -> tuple[float, ...]:
    """The thresholds that this much spending has reached, lowest first; nothing spent has reached none."""
    return tuple(share for share in sorted(budget.thresholds) if spent > 0 and spent >= round(share * budget.limit))


def used_up(budget: Budget, spent: Micros) -> bool:
    """Must what runs be ended?"""
    return budget.on_exceeded == "terminate" and spent >= budget.limit


def forecast(spent: Micros, burn: Micros, name: str, now: Instant) -> Micros:
    """What will be spent at the period's end if everything goes on as now."""
    _, end = period.bounds(name)
    return spent + burn * max(0, end - now) // HOUR
