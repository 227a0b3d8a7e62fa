"""A machine of the fake market: what is really there, whatever the market says about it."""

from dataclasses import dataclass, field

from chalicelib.domain.instance import Address, Instance, OpenPort, Phase
from chalicelib.domain.instant import Instant
from chalicelib.domain.money import Micros, over_time
from chalicelib.domain.offer import Offer
from chalicelib.ports import LaunchOrder


@dataclass(slots=True, kw_only=True)
class Machine:
    """The truth. `prices` are the segments it bills by: (since when, micro-dollars per hour)."""

    id: str
    tag: str | None
    offer: Offer
    order: LaunchOrder | None
    """None for a machine that somebody made by hand."""
    created_at: Instant
    surfaces_at: Instant
    """Neither list nor get shows it before; it bills all the same."""
    runs_at: Instant | None
    """When it has booted; None for one that never does."""
    address: Address
    ports: tuple[OpenPort, ...] = ()
    """As the market maps them, SSH's among them."""
    prices: list[tuple[Instant, Micros]]
    keys: list[str] = field(default_factory=list)
    phase: Phase | None = None
    """What the script put it in; None follows the boot."""
    destroyed_at: Instant | None = None
    """When it stopped billing and was gone; may lie ahead."""

    def lives_at(self, at: Instant) -> bool:
        return self.created_at <= at and (self.destroyed_at is None or at < self.destroyed_at)

    def seen_at(self, at: Instant) -> bool:
        return self.lives_at(at) and self.surfaces_at <= at

    def phase_at(self, at: Instant) -> Phase:
        if self.phase is not None:
            return self.phase
        return Phase.RUNNING if self.runs_at is not None and self.runs_at <= at else Phase.STARTING

    def price_at(self, at: Instant) -> Micros:
        return [price for since, price in self.prices if since <= at][-1]

    def cost_at(self, at: Instant) -> Micros:
        """What it has truly cost by then."""
        end = at if self.destroyed_at is None else min(at, self.destroyed_at)
        until = [since for since, _ in self.prices[1:]] + [end]
        return sum(
            over_time(price, max(0, min(stop, end) - since))
            for (since, price), stop in zip(self.prices, until, strict=True)
        )

    def described(self, provider: str, at: Instant) -> Instance:
        """As the market tells of it at that moment."""
        phase = self.phase_at(at)
        return Instance(
            provider=provider,
            id=self.id,
            tag=self.tag,
            phase=phase,
            status=phase.value,
            addresses=(self.address,) if phase is Phase.RUNNING else (),
            ports=self.ports if phase is Phase.RUNNING else (),
            gpu=self.offer.gpu,
            gpu_count=self.offer.gpu_count,
            price_per_hour=self.price_at(at),
            spot=self.offer.spot,
            created_at=self.created_at,
        )
