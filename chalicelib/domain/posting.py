"""What one transaction writes into the ledger, and what follows from it for totals and counters."""

from collections.abc import Sequence

import msgspec

from chalicelib.domain.access import Consumer
from chalicelib.domain.ledger import Line, Total
from chalicelib.domain.money import Micros
from chalicelib.domain.session import Session

Change = tuple[Line | None, Line]
"""(the line as it is stored, as it will be)."""
MOST_ITEMS = 90
"""A transaction takes 100 items; a few are left for whatever else it may need."""


class Posting(msgspec.Struct, frozen=True, kw_only=True):
    """Of one consumer, on condition that the lines, the sessions and the consumer's period are still as read."""

    consumer: Consumer
    lines: tuple[Change, ...] = ()
    released: Micros = 0
    """How much less is held: what was spent of the holds, or at a settlement all that was left."""
    sessions: tuple[tuple[Session, Session], ...] = ()
    """Sessions saved with it: (as read, as it will be)."""


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
    return -posting.released, spent - posting.released


def items(posting: Posting) -> int:
    """How many rows it writes."""
    return len(posting.lines) + len(sums(posting.lines)) + len(posting.sessions) + 1
