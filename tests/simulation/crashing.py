"""Every point at which a launch or an end can die, each tried with whoever comes next."""

from collections.abc import Iterator
from typing import Literal

from chalicelib.domain.instant import HOUR, SECOND
from chalicelib.domain.session import EndReason, Order, Session, Status
from tests.builders import NOW, PUBLIC_KEY
from tests.simulation.faults import MINUTE
from tests.simulation.waking import SCHEDULED
from tests.simulation.world import World

Phase = Literal["launch", "end"]
Actor = Literal["queue", "sweeps", "reconcile"]
ACTORS: tuple[Actor, ...] = ("queue", "sweeps", "reconcile")
_WORKERS = {"launch": ("rent", "message"), "end": ("deleted", "message")}
_ENDS_AT = NOW + 20 * MINUTE


class CrashWorld(World):
    """Nothing goes wrong but one death: at the `point`-th step, on one side of a call's effect, of this phase."""

    def __init__(self, phase: Phase, point: int | None = None, actor: Actor = "queue") -> None:
        self.phase = phase
        self.point = point
        self.actor = actor
        self.points = 0
        self.died: str | None = None
        super().__init__(1, wish="off", sessions=1)
        self.table.step = self.hazard

    def hazard(self) -> None:
        process = self.kernel.current
        in_phase = (self.kernel.time >= _ENDS_AT) == (self.phase == "end")
        if process is None or process.kind not in _WORKERS[self.phase] or not in_phase or self.died:
            return
        self.points += 1
        if self.points - 1 == self.point:
            self.died = str(process)
            self.cut(process)
            self._next()
            self.kernel.die()

    def live(self) -> Session:
        """The one session, two hours after it was rented and well after it was deleted."""
        self.begin(3 * HOUR)
        order = Order(offer_id="vastai:0", ssh_public_key=PUBLIC_KEY)
        self.kernel.at(NOW + 61 * SECOND, lambda: self.callers.rent("key", self.callers.consumers[0], order, 6.0))
        self.kernel.at(_ENDS_AT, lambda: self.callers.end("key", EndReason.DELETED))
        self.kernel.run(NOW + 2 * HOUR)
        (session,) = self.store.sessions._rows.values()
        return session

    def _next(self) -> None:
        """Who looks at it first after the death."""
        now = self.kernel.time
        if self.actor == "queue":
            self.schedule.on = set()
            self.kernel.at(now + 8 * MINUTE, self._everybody)
        elif self.actor == "sweeps":
            self.queue.on = False
        else:
            self.schedule.on = {"reconcile", "janitor"}
            self.queue.on = False
            self.kernel.at(now + 6 * MINUTE, self._everybody)

    def _everybody(self) -> None:
        self.schedule.on = set(SCHEDULED)
        self.queue.on = True


def cases() -> Iterator[tuple[Phase, int, Actor]]:
    """(phase, point, next actor), for every point that an undisturbed life passes."""
    phases: tuple[Phase, ...] = ("launch", "end")
    for phase in phases:
        undisturbed = CrashWorld(phase)
        undisturbed.live()
        for point in range(undisturbed.points):
            for actor in ACTORS:
                yield phase, point, actor


def survived(session: Session, world: CrashWorld) -> bool:
    """The machine is gone and the row is final."""
    return session.status is Status.TERMINATED and not any(
        machine.tag is not None and machine.lives(world.kernel.time)
        for market in world.markets.values()
        for machine in market.machines.values()
    )
