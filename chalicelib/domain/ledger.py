"""What a session costs: worked out from its row alone, exactly, and written down day by day.

The cost at any moment is a function of the session's row: of the create calls, of what was seen of the machines
(`billing.Reading`), of the market's own rule, and of the proof that they are gone. So a ledger line never depends
on when or how often it is written: whoever writes it late, twice or after a gap writes the same.
"""

from collections.abc import Iterator

import msgspec

from chalicelib.domain import period
from chalicelib.domain.attempt import Attempt
from chalicelib.domain.billing import Billing, Kind, Reading
from chalicelib.domain.instance import Phase
from chalicelib.domain.instant import DAY, HOUR, Instant, Millis
from chalicelib.domain.money import Micros
from chalicelib.domain.offer import price_parts, price_per_hour
from chalicelib.domain.session import Session

_UP_ONCE = (Phase.RUNNING, Phase.REBOOTING, Phase.FROZEN)
Key = tuple[str, str, str, str]
"""(day, session, provider, gpu) of a line."""


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """One rate over one span of time. `number` is the same however often the ledger is worked out."""

    number: str
    instance_id: str | None
    kind: Kind
    since: Instant
    until: Instant
    rate: Micros
    """Per hour; for a correction the amount itself."""
    exact: int = 0
    """For what was folded, whose rate is 0: its cost in micro-dollars an hour × milliseconds. Its length is true,
    its place at the beginning of its day is not."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What a session cost on one day (UTC) with one kind of GPU at one market."""

    session: str
    consumer: str
    day: str
    provider: str
    gpu: str
    cost: Micros
    gpu_ms: Millis
    """How long GPUs were billed, summed over the GPUs."""
    first: bool
    """The session's first line with this GPU at this market."""
    segments: tuple[Segment, ...]
    version: int = 0

    @property
    def key(self) -> Key:
        return self.day, self.session, self.provider, self.gpu


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """All lines of a consumer's day with one kind of GPU at one market."""

    consumer: str
    day: str
    provider: str
    gpu: str
    cost: Micros = 0
    gpu_ms: Millis = 0
    sessions: int = 0
    started: int = 0
    """Those of them that had no line before this day."""


def lines(session: Session, until: Instant) -> list[Line]:
    """The ledger of a session up to a moment, oldest day first. Never less for a later moment."""
    found: dict[tuple[str, str, str], list[tuple[Segment, int]]] = {}
    for number, attempt in enumerate(session.attempts):
        place = attempt.offer.provider, attempt.offer.gpu
        for segment in [*_folded(attempt, number), *metered(attempt, number, until)]:
            for part in by_day(segment):
                found.setdefault((period.day(part.since), *place), []).append((part, attempt.offer.gpu_count))
    for number, correction in enumerate(session.corrections):
        markets = (one.offer for one in reversed(session.attempts) if correction.provider in (None, one.offer.provider))
        offer = next(markets, session.wanted)
        noted = Segment(
            number=f"correction-{number}",
            instance_id=None,
            kind="correction",
            since=correction.at,
            until=correction.at,
            rate=correction.amount,
        )
        found.setdefault((period.day(correction.at), offer.provider, offer.gpu), []).append((noted, 0))
    seen: set[tuple[str, str]] = set()
    made = []
    for (day, provider, gpu), parts in sorted(found.items()):
        segments = tuple(part for part, _ in parts)
        gpu_ms = sum((part.until - part.since) * count for part, count in parts if part.kind == "gpu")
        first = (provider, gpu) not in seen
        seen.add((provider, gpu))
        made.append(
            Line(
                session=session.id, consumer=session.consumer, day=day, provider=provider, gpu=gpu,
                cost=_cost(segments), gpu_ms=gpu_ms, first=first, segments=segments,
            )
        )  # fmt: skip
    return made


def cost(session: Session, until: Instant) -> Micros:
    return sum(line.cost for line in lines(session, until))


def burn(session: Session, now: Instant) -> Micros:
    """Micro-dollars per hour that its machines cost at this moment, as far as anybody has seen."""
    total = 0
    for attempt in session.attempts:
        if attempt.proof is None and attempt.look is None:
            disk = price_parts(attempt.offer, attempt.disk_gb)["disk"]
            for instance_id in attempt.instance_ids if attempt.called_at is not None else ():
                last = [one for one in attempt.readings if one.instance_id == instance_id][-1:]
                gpu, storage = _rates(attempt.billing, disk, last[0] if last else _start(attempt, instance_id))
                total += gpu + storage
    return total


def metered(attempt: Attempt, number: int, until: Instant) -> Iterator[Segment]:
    """Of each of its machines, from the create call to the first look that found it gone; without what is folded."""
    if attempt.called_at is None:
        return
    look = attempt.proof.looks[0] if attempt.proof is not None else attempt.look
    end = until if look is None else min(until, look.at)
    disk = price_parts(attempt.offer, attempt.disk_gb)["disk"]
    for place, instance_id in enumerate(attempt.instance_ids):
        readings = readings_of(attempt, instance_id)
        changes = [min(one.at, end) for one in readings[1:]] + [end]
        rates = [_rates(attempt.billing, disk, one) for one in readings]
        kinds: tuple[Kind, Kind] = ("gpu", "storage")
        for which, kind in enumerate(kinds):
            pending: Segment | None = None
            for reading, stop, both in zip(readings, changes, rates, strict=True):
                rate, since = both[which], min(reading.at, end)
                if rate == 0 or stop <= since:
                    continue
                if pending is not None and (pending.until, pending.rate) == (since, rate):
                    pending = msgspec.structs.replace(pending, until=stop)
                    continue
                if pending is not None:
                    yield pending
                pending = Segment(
                    number=f"{number}-{place}-{kind}-{since - attempt.called_at}",
                    instance_id=instance_id, kind=kind, since=since, until=stop, rate=rate,
                )  # fmt: skip
            if pending is not None:
                yield pending


def readings_of(attempt: Attempt, instance_id: str) -> list[Reading]:
    """What is still kept of one machine; never empty.

    One that was up when it was first seen, as may be one whose create had no clear answer, is taken to have been up
    since its create: it boots in minutes, and was looked for longer.
    """
    found = [one for one in attempt.readings if one.instance_id == instance_id]
    if any(one.instance_id == instance_id for one in attempt.folded):
        return found
    start = _start(attempt, instance_id)
    if found and found[0].phase in _UP_ONCE:
        start = msgspec.structs.replace(start, phase=Phase.RUNNING)
    return [start, *found]


def _folded(attempt: Attempt, number: int) -> Iterator[Segment]:
    for one in attempt.folded:
        if one.length == 0:
            continue
        since = max(period.bounds(one.day)[0], attempt.called_at or 0)
        yield Segment(
            number=f"{number}-{attempt.instance_ids.index(one.instance_id)}-{one.kind}-folded",
            instance_id=one.instance_id, kind=one.kind, since=since, until=since + one.length, rate=0, exact=one.exact,
        )  # fmt: skip


def _start(attempt: Attempt, instance_id: str) -> Reading:
    """What a machine is taken for as long as nobody has seen it: created by the call, and booting."""
    price = price_per_hour(attempt.offer, attempt.disk_gb)
    at = attempt.called_at or attempt.at
    return Reading(instance_id=instance_id, at=at, phase=Phase.STARTING, price_per_hour=price)


def _rates(billing: Billing, disk: Micros, reading: Reading) -> tuple[Micros, Micros]:
    """(GPU, storage) per hour from this reading on."""
    if reading.phase is None:
        return 0, 0
    storage = min(disk, reading.price_per_hour)
    gpu = reading.price_per_hour - storage
    return gpu if billing.gpu(reading.phase) else 0, storage if billing.storage(reading.phase) else 0


def by_day(segment: Segment) -> Iterator[Segment]:
    """Cut at every midnight (UTC)."""
    since = segment.since
    if since < segment.until <= (since // DAY + 1) * DAY:
        yield segment
        return
    while since < segment.until:
        stop = min(segment.until, (since // DAY + 1) * DAY)
        yield msgspec.structs.replace(segment, since=since, until=stop)
        since = stop


def _cost(segments: tuple[Segment, ...]) -> Micros:
    """Summed exactly, rounded half up once a line."""
    exact = sum(one.exact + one.rate * (one.until - one.since) for one in segments if one.kind != "correction")
    return (2 * exact + HOUR) // (2 * HOUR) + sum(one.rate for one in segments if one.kind == "correction")
