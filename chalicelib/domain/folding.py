"""Keep what is known of a machine small, however long it lives and its price jitters: old readings become sums.

A row of the table holds 400 KB. A machine whose price or phase changes at every look would fill it within days, and a
session that cannot be written cannot be ended.
"""

import msgspec

from chalicelib.domain import period
from chalicelib.domain.attempt import Attempt
from chalicelib.domain.billing import Folded, Kind, Reading
from chalicelib.domain.instant import Instant
from chalicelib.domain.ledger import by_day, metered, readings_of

MOST = 200
"""Readings kept: 20 KB of JSON, and more than any honest machine needs in its twelve hours."""


def folded(attempt: Attempt, most: int = MOST) -> Attempt:
    """The very same attempt while it has no more readings than that; else with the older half of them summed up:
    its ledger is exactly the same at every moment after them."""
    if len(attempt.readings) <= most or attempt.look is not None:
        return attempt  # after a clean look its bill has ended; should the machine come back, all of it must be known
    until = attempt.readings[-max(1, most // 2)].at
    seen = tuple(dict.fromkeys(one.instance_id for one in attempt.readings))  # one that never was is still to appear
    for instance_id in seen:
        *before, last = readings_of(attempt, instance_id)
        if last.phase is None:  # it may yet turn out to have been there all the time
            until = min(until, before[-1].at)
    if until <= attempt.readings[0].at:
        return attempt
    # One that came back later than that has nothing to be summed up yet.
    seen = tuple(one for one in seen if readings_of(attempt, one)[0].at <= until)
    kept = [one for one in attempt.readings if one.at > until]
    return msgspec.structs.replace(
        attempt,
        folded=_sums(msgspec.structs.replace(attempt, instance_ids=seen), until),
        readings=(*(_at(attempt, instance_id, until) for instance_id in seen), *kept),
    )


def _sums(attempt: Attempt, until: Instant) -> tuple[Folded, ...]:
    """By machine, day and kind; one at least for each machine, so that it is known to have been folded."""
    sums = {(one.instance_id, one.day, one.kind): one for one in attempt.folded}
    last: list[tuple[str, str, Kind]] = [(name, period.day(until), "storage") for name in attempt.instance_ids]
    for key in last:
        sums.setdefault(key, Folded(instance_id=key[0], day=key[1], kind=key[2], exact=0, length=0))
    for segment in metered(attempt, 0, until):
        for part in by_day(segment):
            name, day, kind = str(part.instance_id), period.day(part.since), part.kind
            known = sums.get((name, day, kind)) or Folded(instance_id=name, day=day, kind=kind, exact=0, length=0)
            length = part.until - part.since
            sums[name, day, kind] = msgspec.structs.replace(
                known, exact=known.exact + part.rate * length, length=known.length + length
            )
    return tuple(sums.values())


def _at(attempt: Attempt, instance_id: str, moment: Instant) -> Reading:
    """What it was taken for at that moment."""
    last = [one for one in readings_of(attempt, instance_id) if one.at <= moment][-1]
    return msgspec.structs.replace(last, at=moment)
