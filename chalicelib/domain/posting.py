"""What one transaction writes into the ledger, and what follows from it for totals and counters."""

from collections.abc import Sequence

import msgspec

from chalicelib.domain.access import Consumer
from chalicelib.domain.budget import exceeded
from chalicelib.domain.errors import Refusal
from chalicelib.domain.ledger import Line, Total
from chalicelib.domain.money import Micros
from chalicelib.domain.session import Session

Change = tuple[Line | None, Line]
"""(the line as it is stored, as it will be)."""
MOST_ITEMS = 90
"""A transaction takes 100 items; a few are left for whatever else it may need."""


class Posting(msgspec.Struct, frozen=True, kw_only=True):
    """Of one consumer, on condition that the lines, the sessions, the holds and the consumer's period are as read."""

    consumer: Consumer
    lines: tuple[Change, ...] = ()
    released: Micros = 0
    """How much less is held: what was spent of the holds, or at a settlement all that was left."""
    reserved: Micros = 0
    """What is set aside besides, if the budget allows it."""
    sessions: tuple[tuple[Session, Session], ...] = ()
    """Sessions saved with it: (as read, as it will be)."""
    holds: tuple[Session, ...] = ()
    """Sessions whose hold this uses up: how much is released hangs on it, so it must still be as read."""


def sums(lines: Sequence[Change]) -> list[Total]:
    """What is to be added to each total."""
    found: dict[tuple[str, str, str], Total] = {}
    for before, after in lines:
        place = after.day, after.provider, after.gpu
        known = found.get(place) or Total(consumer=after.consumer, day=place[0], provider=place[1], gpu=place[2])
        found[place] = msgspec.structs.replace(
            known,
            cost=known.cost + after.cost - (before.cost if before else 0),
            gpu_ms=known.gpu_ms + after.gpu_ms - (before.gpu_ms if before else 0),
            sessions=known.sessions + (before is None),
            started=known.started + (before is None and after.first),
        )
    return list(found.values())


def moved(posting: Posting) -> tuple[Micros, Micros]:
    """(more reserved, more booked) on the consumer's row: only what falls into its period is booked there."""
    spent = sum(
        after.cost - (before.cost if before else 0)
        for before, after in posting.lines
        if after.day.startswith(posting.consumer.period)
    )
    set_aside = posting.reserved - posting.released
    return set_aside, spent + set_aside


def refused(posting: Posting, consumer: Consumer) -> Refusal | None:
    """Why the budget, as it is now, does not allow what is to be set aside."""
    _, booked = moved(posting)
    others = consumer.booked + booked - posting.reserved
    return exceeded(consumer.budget, others, posting.reserved) if posting.reserved else None


def items(posting: Posting) -> int:
    """How many rows it writes."""
    return len(posting.lines) + len(sums(posting.lines)) + len(posting.sessions) + len(posting.holds) + 1
