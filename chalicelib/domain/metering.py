"""Write down on an attempt what was seen of its machines, as far as it changes the bill."""

from collections.abc import Iterable

import msgspec

from chalicelib.domain import period
from chalicelib.domain.attempt import Attempt
from chalicelib.domain.billing import Folded, Reading
from chalicelib.domain.folding import folded
from chalicelib.domain.instance import Instance, Listing
from chalicelib.domain.instant import Instant
from chalicelib.domain.offer import price_per_hour


def read(attempt: Attempt, listing: Listing) -> Attempt:
    """What a complete list says of every known machine; the very same attempt when that changes no bill."""
    for instance_id in attempt.instance_ids:
        if instance_id in listing.by_id:
            attempt = _seen(attempt, listing.by_id[instance_id], listing.taken_at)
        else:
            attempt = _missed(attempt, instance_id, listing.taken_at)
    return folded(attempt)


def told(attempt: Attempt, machines: Iterable[Instance], at: Instant) -> Attempt:
    """What the market said of single machines. Silence about the others says nothing."""
    for machine in machines:
        if machine.id in attempt.instance_ids:
            attempt = _seen(attempt, machine, at)
    return folded(attempt)


def rejoined(attempt: Attempt, machines: Iterable[Instance], at: Instant) -> Attempt:
    """Knowing these as well: machines of an earlier attempt that are back, billed from the moment they are seen again.
    What they cost before is that attempt's."""
    for machine in machines:
        if machine.id not in attempt.instance_ids:
            before = Folded(instance_id=machine.id, day=period.day(at), kind="storage", exact=0, length=0)
            known = msgspec.structs.replace(attempt.knows(machine.id), folded=(*attempt.folded, before))
            attempt = _seen(known, machine, at)
    return attempt


def _seen(attempt: Attempt, machine: Instance, at: Instant) -> Attempt:
    """A machine that is back was never gone: the list without it lied, or lagged."""
    readings, last = attempt.readings, _last(attempt, machine.id)
    if last is not None and last.phase is None:
        readings = tuple(one for one in readings if one is not last)
        last = _last(msgspec.structs.replace(attempt, readings=readings), machine.id)
    before = last.price_per_hour if last is not None else price_per_hour(attempt.offer, attempt.disk_gb)
    price = before if machine.price_per_hour is None else machine.price_per_hour
    same = last is not None and (price, _bills(attempt, last)) == (
        before,
        (attempt.billing.gpu(machine.phase), attempt.billing.storage(machine.phase)),
    )
    if not same and (last is None or at >= last.at):
        new = Reading(instance_id=machine.id, at=at, phase=machine.phase, price_per_hour=price)
        readings = (*readings, new)
    return attempt if readings is attempt.readings else msgspec.structs.replace(attempt, readings=readings)


def _missed(attempt: Attempt, instance_id: str, at: Instant) -> Attempt:
    """The meter stands still while nobody knows; it catches up when the machine is seen again."""
    last = _last(attempt, instance_id)
    if last is None or last.phase is None or at < last.at:
        return attempt
    gone = Reading(instance_id=instance_id, at=at, phase=None, price_per_hour=last.price_per_hour)
    return msgspec.structs.replace(attempt, readings=(*attempt.readings, gone))


def _last(attempt: Attempt, instance_id: str) -> Reading | None:
    return next((one for one in reversed(attempt.readings) if one.instance_id == instance_id), None)


def _bills(attempt: Attempt, reading: Reading) -> tuple[bool, bool]:
    phase = reading.phase
    return (False, False) if phase is None else (attempt.billing.gpu(phase), attempt.billing.storage(phase))
