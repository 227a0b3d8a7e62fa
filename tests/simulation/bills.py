"""What a machine truly costs, by its own market's rules.

They are written here a second time, from the markets' documentation and not from the service: Vast.ai bills the GPU
while a machine runs or reboots, and its disk from creation until it is gone, but nothing while its host is out of
reach; TensorDock bills the whole rate from creation until gone.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise

from chalicelib.domain.instance import Phase
from chalicelib.domain.instant import HOUR, Instant
from chalicelib.domain.invoice import Charge
from chalicelib.domain.money import Micros
from tests.simulation.machine import Machine


def billed(market: str, phase: Phase) -> tuple[bool, bool]:
    """(the GPU, the disk) of a machine in this phase."""
    if market == "vastai":
        return phase in (Phase.RUNNING, Phase.REBOOTING, Phase.FROZEN), phase is not Phase.OFFLINE
    return True, True


def cost(machine: Machine, since: Instant, until: Instant) -> float:
    """Micro-dollars that its market bills for it within that time."""
    return sum(rate * max(0, min(end, until) - max(start, since)) for start, end, rate in _spans(machine, until)) / HOUR


def dearest(machine: Machine) -> Micros:
    return max(price for _, _, price in machine.meter)


def turned(machine: Machine) -> Micros:
    """By how much its rate has changed since it was up, all changes added."""
    rates = [rate for start, _, rate in _spans(machine, machine.dead_at) if start >= machine.runs_at]
    return sum(abs(after - before) for before, after in pairwise(rates))


def bill(machines: Iterable[Machine], since: Instant, until: Instant) -> list[Charge]:
    """The invoice."""
    found = ((machine.id, round(cost(machine, since, until))) for machine in machines)
    return [Charge(instance_id=name, amount=amount) for name, amount in found if amount]


def _spans(machine: Machine, until: Instant) -> Iterator[tuple[Instant, Instant, Micros]]:
    """(from, to, per hour)"""
    ends = [at for at, _, _ in machine.meter[1:]] + [until]
    for (start, phase, price), end in zip(machine.meter, ends, strict=True):
        stop = min(end, machine.dead_at)
        turns = [(start, stop, phase)]
        if phase is None:
            up = min(max(machine.runs_at, start), stop)
            turns = [(start, up, Phase.STARTING), (up, stop, Phase.RUNNING)]
        for begin, finish, now in turns:
            if finish > begin and now is not None:
                gpu, disk = billed(machine.market, now)
                yield begin, finish, (price - machine.storage) * gpu + machine.storage * disk
