"""What wakes the service: the queue, which loses, doubles and delays, and the clock, which skips and overlaps."""

import math
from collections.abc import Callable

from chalicelib import sweeps
from chalicelib.domain.instant import SECOND, Instant, Millis
from chalicelib.domain.schedule import WOKEN
from chalicelib.ports import Ports
from chalicelib.usecases import stepping
from tests.simulation.faults import MINUTE, Faults
from tests.simulation.kernel import Kernel, Process

VISIBILITY = 180 * SECOND
"""After which a message whose handler did not finish is delivered again."""
RECEIVES = 4
"""Deliveries of a message before it is dropped."""
SCHEDULED = tuple(name for name in WOKEN if name != "inventory")
SWEEPS = tuple(name for name in SCHEDULED if name not in ("reconcile", "janitor"))
"""The sweeps of the layer of that name."""


class Queue:
    """`Wakeups`, and the delivery of what it was given."""

    def __init__(self, kernel: Kernel, faults: Faults, hazard: Callable[[], None]) -> None:
        self._kernel = kernel
        self._faults = faults
        self._hazard = hazard
        self.ports: Ports | None = None
        self.on = True
        self.in_flight = 0

    def session(self, session_id: str, delay_seconds: float = 0.0) -> None:
        self._hazard()
        if not self.on or self._faults.hits("message_lost"):
            return
        rng = self._faults.rng
        due = self._kernel.time + min(math.ceil(max(delay_seconds, 0.0)), 900) * SECOND + int(rng.random() * 300)
        copies = 2 if self._faults.hits("message_twice") else 1
        for number in range(copies):
            late = round(rng.random() * 4 * MINUTE) if self._faults.hits("message_late") else number * 700
            self._later(due + late, session_id, 1)

    def sweep(self, name: str, *, if_due: bool = False) -> None:
        """Only the inventory is woken so, and it is no part of this world."""

    def _later(self, at: Instant, session_id: str, receive: int) -> None:
        self._kernel.at(at, lambda: self._deliver(session_id, receive))

    def _deliver(self, session_id: str, receive: int) -> None:
        ports = self.ports
        if ports is None or not self.on:
            return
        handled = False

        def done(process: Process, error: BaseException | None) -> None:
            nonlocal handled
            handled = error is None

        def again() -> None:
            if not handled:
                self._deliver(session_id, receive + 1)

        self._kernel.start("message", session_id[-8:], lambda: stepping.step(ports, session_id), done)
        if not handled and receive < RECEIVES:
            self._kernel.at(self._kernel.time + VISIBILITY, again)


class Schedule:
    """Every sweep at its pace, give or take what goes wrong."""

    def __init__(self, kernel: Kernel, faults: Faults, ports: Ports, ended: Callable[[Process], None]) -> None:
        self._kernel = kernel
        self._faults = faults
        self._ports = ports
        self._ended = ended
        self.on: set[str] = set(SCHEDULED)
        self.idle: Callable[[str], bool] = lambda name: False
        self.missed: Callable[[str], None] = lambda name: None
        self.extra: Callable[[str], None] = lambda name: None

    def begin(self) -> None:
        for number, name in enumerate(SCHEDULED):
            self._every(name, round(WOKEN[name] * SECOND), number * 137 + 1)

    def _every(self, name: str, pace: Millis, first: Millis) -> None:
        def tick() -> None:
            self._kernel.at(self._kernel.time + pace, tick)
            self._tick(name)

        self._kernel.at(self._kernel.time + first, tick)

    def _tick(self, name: str) -> None:
        if name not in self.on:
            return
        faults = self._faults
        if faults.hits("sweep_skipped"):
            self.missed(name)
            return
        late = 0
        if faults.hits("sweep_late"):
            self.missed(name)
            self.extra(name)
            late = round(faults.rng.random() * 4 * MINUTE)
        self._run(name, late)
        if faults.hits("sweep_twice"):
            self.extra(name)
            self._run(name, late + round(faults.rng.random() * 5 * SECOND))

    def _run(self, name: str, late: int) -> None:
        if late:
            self._kernel.at(self._kernel.time + late, lambda: self._now(name))
        else:
            self._now(name)

    def _now(self, name: str) -> None:
        if name not in self.on or self.idle(name):
            return
        self._kernel.start(name, "", lambda: sweeps.wake(name, self._ports), self._done)

    def _done(self, process: Process, error: BaseException | None) -> None:
        self._ended(process)
