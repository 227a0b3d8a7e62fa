"""How a market bills a machine, and what was seen of one: the two things that a bill can be worked out from."""

from typing import Literal

import msgspec

from chalicelib.domain.instance import Phase
from chalicelib.domain.instant import Instant, Millis
from chalicelib.domain.money import Micros

Kind = Literal["gpu", "storage", "correction"]


class Billing(msgspec.Struct, frozen=True, kw_only=True):
    """A market's rule. The default is the dearest there is: everything, from creation until gone."""

    gpu_in: tuple[Phase, ...] = tuple(Phase)
    """The phases in which the GPU (with its CPU and memory) is billed."""
    free_in: tuple[Phase, ...] = ()
    """The phases in which nothing is; in every other phase storage is billed at least."""

    def gpu(self, phase: Phase) -> bool:
        return phase in self.gpu_in and phase not in self.free_in

    def storage(self, phase: Phase) -> bool:
        return phase not in self.free_in


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What one machine was seen to be at a moment; kept only where it changes the bill."""

    instance_id: str
    at: Instant
    phase: Phase | None
    """None: a complete list did not show it."""
    price_per_hour: Micros
    """All-in, while everything is billed."""


class Folded(msgspec.Struct, frozen=True, kw_only=True):
    """What one machine has cost on one day, summed up: the readings behind it are not kept any longer."""

    instance_id: str
    day: str
    kind: Kind
    exact: int
    """Micro-dollars an hour × milliseconds, so that nothing is rounded before the day's line is."""
    length: Millis
    """How long it was billed."""


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """A difference between the market's invoice and our own ledger, taken over as it is."""

    at: Instant
    """A moment of the day that it belongs to."""
    amount: Micros
    reason: str
    provider: str | None = None
    """Whose invoice; None: that of the market where the session was last."""
