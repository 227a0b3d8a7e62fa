"""What moves a bill while nothing is wrong with a machine: its price steps, or its host is out of reach for a while."""

from collections.abc import Collection
from random import Random

from chalicelib.domain.instance import Phase
from chalicelib.domain.instant import Instant
from tests.simulation.faults import MINUTE, Faults
from tests.simulation.kernel import Kernel
from tests.simulation.machine import Machine
from tests.simulation.market import Market

PACE = 7 * MINUTE
"""Between two rolls of the dice: never in step with the sweeps."""
LEVELS = ((0.0, 0.0), (0.0, 0.0), (0.01, 0.005), (0.15, 0.02))
"""(a step of the price, an outage of the host) for each machine at each roll: off in half of the seeds."""


class Prices:
    """Dice of its own: what they fall on moves nothing else in the seed."""

    def __init__(self, rng: Random, kernel: Kernel, faults: Faults, markets: Collection[Market]) -> None:
        self.rng = rng
        self.kernel = kernel
        self.markets = markets
        self.step, self.outage = rng.choice(LEVELS) if not faults.calm else (0.0, 0.0)
        self.until: Instant = 0

    def begin(self, length: int) -> None:
        self.until = self.kernel.time + length
        if self.step:
            self.kernel.at(self.kernel.time + PACE, self._roll)

    def _roll(self) -> None:
        now = self.kernel.time
        if now >= self.until:
            return
        self.kernel.at(now + PACE, self._roll)
        for market in self.markets:
            for machine in market.live(now):
                if machine.tag is not None and machine.phase is None and machine.runs_at <= now:
                    self._befall(machine, now)

    def _befall(self, machine: Machine, now: Instant) -> None:
        """A step stays below what was agreed to: above it the session ends, which is another story."""
        dice = self.rng.random()
        if dice < self.step:
            machine.reprice(now, round(machine.meter[0][2] * self.rng.uniform(0.7, 1.05)))
        elif dice < self.step + self.outage and machine.market == "vastai":
            machine.turn(now, Phase.OFFLINE)
            self.kernel.at(now + round(self.rng.uniform(1, 20) * MINUTE), lambda: self._back(machine))

    def _back(self, machine: Machine) -> None:
        if machine.phase is Phase.OFFLINE:
            machine.turn(self.kernel.time, None)
