"""What a simulated market has: its offers, its machines, and how machines come to be and pass away."""

from collections.abc import Callable

import msgspec

from chalicelib.domain.instance import Address, Instance, Phase
from chalicelib.domain.instant import SECOND, Instant
from chalicelib.domain.money import Micros
from chalicelib.domain.offer import Offer, price_parts, price_per_hour
from chalicelib.ports import LaunchOrder
from tests.simulation.faults import Faults, Windows
from tests.simulation.kernel import Kernel
from tests.simulation.machine import NEVER, Machine
from tests.simulation.watch import Watch


class Stock:
    """The truth about one market; what it tells of it is another matter."""

    def __init__(self, name: str, kernel: Kernel, faults: Faults, watch: Watch) -> None:
        self.name = name
        self.kernel = kernel
        self.faults = faults
        self.rng = faults.rng
        self.watch = watch
        self.offers: dict[str, Offer] = {}
        self.machines: dict[str, Machine] = {}
        self.down = Windows()
        self.revoked = Windows()
        self.lists_lie = Windows()
        self.gets_lie = Windows()
        self.id_of: Callable[[int], str] = lambda number: f"{name[0]}{number}"
        """The id of its machine of that number."""
        self._number = 0

    def end(self, machine: Machine, at: Instant) -> None:
        machine.dead_at = min(machine.dead_at, at)
        self.watch.log("dies", machine.id, at)

    def add(self, label: str | None, tag: str | None, at: Instant) -> Machine:
        """Somebody else's machine, or one of ours that no row tells of."""
        offer = next(iter(self.offers.values()))
        return self._put(tag, label, offer, 400_000, at, at)

    def live(self, now: Instant) -> list[Machine]:
        return [machine for machine in self.machines.values() if machine.lives(now)]

    def make(self, order: LaunchOrder, *, late: int = 0, shown_late: bool = False) -> Machine:
        rng, faults = self.rng, self.faults
        now = self.kernel.time + late
        surfaces_at = now if not (late or shown_late) else now + round(rng.random() * (110 * SECOND - late))
        offer = order.offer
        if faults.hits("create_wrong_hardware"):
            offer = msgspec.structs.replace(offer, gpu="RTX 3060")
        machine = self._put(order.tag, order.tag, offer, price_per_hour(offer, order.disk_gb), now, surfaces_at)
        machine.storage = price_parts(offer, order.disk_gb)["disk"]
        machine.runs_at = NEVER if faults.hits("boot_never") else now + round((20 + 200 * rng.random()) * SECOND)
        if faults.hits("boot_fails"):
            machine.runs_at = NEVER
            self.kernel.at(now + 60 * SECOND, lambda: self._turns(machine, Phase.FAILED))
        self.watch.created(self, machine)
        return machine

    def _put(
        self, tag: str | None, label: str | None, offer: Offer, price: Micros, at: Instant, surfaces_at: Instant
    ) -> Machine:
        self._number += 1
        number = self._number
        machine = Machine(
            id=self.id_of(number),
            market=self.name,
            tag=tag,
            label=label,
            offer=offer,
            price=price,
            created_at=at,
            surfaces_at=surfaces_at,
            runs_at=at,
            address=Address(host=f"{self.name}.test", port=20_000 + number, user="root"),
        )
        machine.turn(at, None)
        self.machines[machine.id] = machine
        return machine

    def _turns(self, machine: Machine, phase: Phase) -> None:
        if machine.lives(self.kernel.time):
            machine.turn(self.kernel.time, phase)
            self.watch.log("turns", machine.id, phase.value)

    def described(self, machine: Machine, now: Instant) -> Instance:
        phase = machine.phase_at(now)
        return Instance(
            provider=self.name,
            id=machine.id,
            tag=machine.label if now < machine.label_right_at or machine.tag is None else machine.tag,
            phase=phase,
            status=phase.value,
            addresses=(machine.address,) if phase is Phase.RUNNING else (),
            gpu=machine.offer.gpu,
            gpu_count=machine.offer.gpu_count,
            price_per_hour=machine.price,
            spot=machine.offer.spot,
            created_at=machine.created_at,
        )
