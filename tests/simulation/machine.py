"""A machine of the simulated market: what is really there, whatever the market says about it."""

from collections.abc import Collection
from dataclasses import dataclass, field

from chalicelib.domain.instance import Address, Phase
from chalicelib.domain.instant import Instant
from chalicelib.domain.money import Micros
from chalicelib.domain.offer import Offer

NEVER = 1 << 60


@dataclass(slots=True, eq=False)
class Machine:
    """The truth about one machine, whatever the market says."""

    id: str
    market: str
    tag: str | None
    """What it was ordered under; None for one that is not ours."""
    label: str | None
    """What the market shows."""
    offer: Offer
    price: Micros
    created_at: Instant
    surfaces_at: Instant
    runs_at: Instant
    address: Address
    label_right_at: Instant = 0
    phase: Phase | None = None
    dead_at: Instant = NEVER
    refuses_until: Instant = 0
    returned_at: Instant = 0
    first_asked_at: Instant | None = None
    """The first destroy request after it was due."""
    last_arrival: Instant | None = None
    ending_from: Instant | None = None
    asked: list[Instant] = field(default_factory=list)
    """Destroys of the last hour."""
    allowance: int = 0
    attempt: int = 0
    """The number of the attempt that made it, from 1."""
    storage: Micros = 0
    """The part of its price that is for its disk."""
    meter: list[tuple[Instant, Phase | None, Micros]] = field(default_factory=list)
    """(from when on, `phase`, price), for every change: what its market bills it by."""

    def turn(self, at: Instant, phase: Phase | None) -> None:
        """None: as it boots, or runs, by itself."""
        self.phase = phase
        self.meter.append((at, phase, self.price))

    def reprice(self, at: Instant, price: Micros) -> None:
        self.price = price
        self.meter.append((at, self.phase, price))

    def was(self, phases: Collection[Phase], since: Instant, now: Instant) -> bool:
        """Was it in one of them at any time within these limits?"""
        ends = [*(at for at, _, _ in self.meter[1:]), now + 1]
        spans = zip(self.meter, ends, strict=True)
        return any(phase in phases and until > since for (_, phase, _), until in spans)

    def lives(self, now: Instant) -> bool:
        return self.created_at <= now < self.dead_at

    def seen(self, now: Instant) -> bool:
        return self.surfaces_at <= now < self.dead_at

    def phase_at(self, now: Instant) -> Phase:
        return self.phase or (Phase.RUNNING if self.runs_at <= now else Phase.STARTING)
