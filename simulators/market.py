"""What every fake market has: machines that live by a clock, honest books, planned events, one lock, a saved state."""

import random
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from simulators.agenda import Event
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.machine import Machine, Options, State
from simulators.ssh import PORTS, SshListeners
from simulators.state import StateFile

M = TypeVar("M", bound=Machine)


class Market(ABC, Generic[M]):
    """Thread-safe: everything is read and changed inside `transaction()`."""

    name: str
    options: Options
    state: State
    machines: dict[str, M]

    def __init__(self, state: State, clock: Clock, file: StateFile | None) -> None:
        self.clock = clock
        self.dice = random.Random(f"{state.seed}:{state.starts}")
        state.starts += 1
        self.ssh = SshListeners(self.dice)
        self.closing = threading.Event()
        self.planned = threading.Event()
        self.base_url = ""
        self._file = file
        self._lock = threading.RLock()
        self._changed = False

    @contextmanager
    def transaction(self) -> Iterator[float]:
        """The present, with everything that was due done; what changes inside is saved at its end."""
        with self._lock:
            try:
                yield self._settle()
            finally:
                if self._changed:
                    self._changed = False
                    self._save()

    def touch(self) -> None:
        """Something worth saving has changed."""
        self._changed = True

    def advance(self, seconds: float) -> None:
        with self.transaction():
            self.clock.advance(seconds)
            self.touch()
        with self.transaction():
            pass

    def wake_in(self) -> float | None:
        """Real seconds until something happens by itself; None when nothing will, or time stands still."""
        with self._lock:
            due = [at for at in (self.state.agenda.next_at(), self._broke_at()) if at is not None]
            return self.clock.real_seconds(min(due) - self.clock.now()) if due else None

    def plan(self, at: float, kind: str, machine: M | None = None, **args: Any) -> None:
        name, epoch = (machine.id, machine.epoch) if machine else ("", 0)
        self.state.agenda.plan(at, kind, name, epoch, **args)
        self.touch()
        self.planned.set()

    def enter(self, machine: M, stage: str, now: float) -> None:
        machine.stage = stage
        machine.history.append((now, stage))
        self.refresh(machine, now)

    def refresh(self, machine: M, now: float) -> None:
        """Make price and SSH follow from what the machine is now."""
        self.state.ledger.set_rates(machine.id, self.rates(machine) if machine.alive else {}, now)
        if machine.alive and machine.ssh_mode != "refuse" and self.answers_ssh(machine):
            silent = machine.ssh_mode == "silent"
            opened = self.ssh.open(machine.ssh_port, machine.ssh_host, silent)
            if not opened and machine.booted_at is None and machine.ssh_port in PORTS:
                machine.ssh_port = self.free_port()
                opened = self.ssh.open(machine.ssh_port, machine.ssh_host, silent)
            if opened and not silent and machine.booted_at is None:
                machine.booted_at = now
        elif machine.ssh_port:
            self.ssh.close(machine.ssh_port, machine.ssh_host)
        self.touch()

    def bury(self, machine: M, by: str, now: float) -> None:
        """The machine ceases to exist: no cost, no SSH, its capacity goes back."""
        if not machine.alive:
            return
        machine.epoch += 1
        machine.gone_at, machine.gone_by = now, by
        machine.history.append((now, f"gone: {by}"))
        lag = self.options.lag_seconds if by == "destroyed" else 0.0
        machine.visible_until = now + self.dice.uniform(0, lag)
        self.refresh(machine, now)
        self.release(machine, now)

    def free_port(self) -> int:
        """A port for a new machine's SSH."""
        taken = {machine.ssh_port for machine in self.machines.values() if machine.alive}
        while (port := self.ssh.reserve()) in taken:
            pass
        return port

    def jitter(self) -> float:
        return self.dice.uniform(0.75, 1.25)

    def strike(self, name: str, now: float, **facts: str) -> dict[str, Any] | None:
        """The parameters of the fault that strikes now, if one does."""
        params = self.state.faults.strike(name, self.dice, now, facts)
        if params is not None:
            self.touch()
        return params

    @property
    def faults(self) -> Faults:
        return self.state.faults

    def live(self) -> list[M]:
        return [machine for machine in self.machines.values() if machine.alive]

    def top_up(self, dollars: float) -> None:
        """Pay in; machines that were stopped for want of credit stay stopped."""
        with self.transaction() as now:
            self.state.ledger.paid_in += dollars
            self.state.broke = self.state.ledger.credit(now) <= 0
            self.touch()

    def books(self) -> dict[str, Any]:
        with self.transaction() as now:
            ledger = self.state.ledger
            return {
                "now": now,
                "paid_in": ledger.paid_in,
                "spent": ledger.spent(now),
                "credit": ledger.credit(now),
                "burn_per_hour": ledger.burn_per_hour(),
                "live": len(self.live()),
                "machines": len(self.machines),
            }

    def restore(self) -> None:
        """At the start: time goes on, the books are one again, and SSH answers where it did."""
        if self.state.wall:
            self.clock.resume(self.state.simulated, self.state.wall)
        self.state.ledger.reindex()
        for machine in self.live():
            self.refresh(machine, self.clock.now())

    def close(self) -> None:
        self.closing.set()
        self.planned.set()
        self.ssh.stop()

    def _settle(self) -> float:
        """Let everything happen that is due, each at its own time, so that no bill depends on who looked when."""
        now = self.clock.now()
        while True:
            event_at, broke_at = self.state.agenda.next_at(), self._broke_at()
            if broke_at is not None and broke_at <= min(now, now if event_at is None else event_at):
                self.state.broke, self.state.settled_at = True, broke_at
                self.out_of_credit(broke_at)
                self.touch()
                continue
            event = self.state.agenda.pop_due(now)
            if event is None:
                self.state.settled_at = now
                return now
            self.state.settled_at = event.at
            machine = self.machines.get(event.machine)
            if machine is None or (machine.alive and machine.epoch == event.epoch):
                self.happen(event, machine, event.at)
            self.touch()

    def _broke_at(self) -> float | None:
        return None if self.state.broke else self.state.ledger.exhausted_at(self.state.settled_at)

    def _save(self) -> None:
        if self._file is not None:
            self.state.simulated, self.state.wall = self.clock.now(), time.time()
            self._file.save(self.state)

    def set_options(self, options: Options) -> None:
        """They hold until the process ends; a restart has those of its command line again."""
        self.options = options

    @abstractmethod
    def rates(self, machine: M) -> dict[str, float]:
        """What it costs per hour now, by kind."""

    @abstractmethod
    def answers_ssh(self, machine: M) -> bool: ...

    @abstractmethod
    def release(self, machine: M, now: float) -> None:
        """Give its capacity back to the market."""

    @abstractmethod
    def happen(self, event: Event, machine: M | None, now: float) -> None: ...

    @abstractmethod
    def out_of_credit(self, now: float) -> None: ...

    @abstractmethod
    def view(self, machine: M, now: float) -> dict[str, Any]:
        """What only the market itself knows of a machine, for the admin."""

    @abstractmethod
    def act(self, machine: M, action: str, args: dict[str, Any], now: float) -> bool:
        """Do something to a machine behind the renter's back; False for an unknown action."""

    @abstractmethod
    def plant(self, label: str | None, now: float) -> M:
        """A machine of the same account that somebody else rented."""

    @abstractmethod
    def churn(self, fraction: float, now: float) -> int:
        """Change the offers as a day in the market does; how many changed."""
