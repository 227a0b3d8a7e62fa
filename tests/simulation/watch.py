"""The invariants, checked at the moment of the act; every broken one raises Violation where it happens."""

from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING

from chalicelib.domain.attempt import Stage
from chalicelib.domain.instant import HOUR, SECOND, Instant, Millis
from chalicelib.domain.policy import Policy
from chalicelib.domain.session import Session
from chalicelib.ports import LaunchOrder
from tests.simulation import due
from tests.simulation.faults import MINUTE
from tests.simulation.kernel import Kernel, Violation
from tests.simulation.machine import Machine

if TYPE_CHECKING:
    from tests.simulation.market import Market
    from tests.simulation.stock import Stock

FIRST_HOUR = 15
"""Destroys of one machine in the first hour of its end: the quick ones, then one every five minutes."""
STEADY = 12
JANITOR = 5
"""Its own, within an hour, as it knows no table."""


class Watch:
    """Knows the truth: every machine, every row, every call."""

    def __init__(self, kernel: Kernel, policy: Policy, rows: Mapping[str, Session]) -> None:
        self.kernel = kernel
        self.policy = policy
        self.rows = rows
        self.layers: frozenset[str] = frozenset(due.LAYERS)
        self.blind_to: Callable[[str, Instant, Instant, bool], int] = lambda market, since, until, stray: 0
        """Milliseconds in which this market could not be reached; for a stray, or seen whole."""
        self.machines: dict[str, list[Machine]] = defaultdict(list)
        """Ours, by tag."""
        self.ended_at: dict[str, Instant] = {}
        self.known: set[str] = set()
        self.kept: Mapping[str, Instant] = {}
        """Overrides by session."""
        self.bound: Millis = HOUR
        self.extra_runs: deque[Instant] = deque()
        """Runs of reconcile and janitor that came twice or out of turn."""
        self.lateness: list[int] = []
        self.gaps: list[int] = []
        self.destroys = 0
        self.creates = 0
        self.lines: deque[tuple[object, ...]] = deque(maxlen=4000)
        self.hashed = False
        """Keep a digest of the whole log: a twentieth of a seed's time, for who compares two runs."""
        self._hash = blake2b(digest_size=16)
        self._called: set[tuple[str, int]] = set()

    # --- the log

    def log(self, *what: object) -> None:
        process = self.kernel.current
        line = (self.kernel.time, process.name if process else "-", *what)
        self.lines.append(line)
        if self.hashed:
            self._hash.update(repr(line).encode())

    @property
    def digest(self) -> str | None:
        return self._hash.hexdigest() if self.hashed else None

    # --- creates

    def create_called(self, market: "Market", order: LaunchOrder) -> None:
        row = self.rows[order.tag.removeprefix("shopper-")]
        number = len(row.attempts)
        self.creates += 1
        if (order.tag, number) in self._called:
            raise Violation("I2", f"a second create call for attempt {number} of {row.id}")
        self._called.add((order.tag, number))
        self._none_alive("I2", order.tag, f"create call for attempt {number}")

    def created(self, market: "Stock", machine: Machine) -> None:
        tag = machine.tag or ""
        row = self.rows.get(tag.removeprefix("shopper-"))
        machine.attempt = len(row.attempts) if row is not None else 0
        self.machines[tag].append(machine)
        self.log("made", machine.id, tag[-8:], machine.created_at, machine.surfaces_at)

    def _none_alive(self, rule: str, tag: str, what: str) -> None:
        now = self.kernel.time
        for machine in self.machines.get(tag, ()):
            if machine.dead_at > now:
                raise Violation(rule, f"{what} of {tag} while {machine.id} lives")

    def may_be_hidden(self, machine: Machine, now: Instant) -> bool:
        """A list that lies hides what a row knows by id, and else only what was made minutes ago."""
        if machine.id in self.known or machine.tag is None:
            return True
        row = self.rows.get(machine.tag.removeprefix("shopper-"))
        attempt = row.attempt if row is not None else None
        unclear = attempt is not None and not attempt.answered and attempt.stage is not Stage.CLOSED
        return unclear and now - machine.surfaces_at < 10 * MINUTE

    # --- destroys

    def destroy_called(self, market: "Market", machine: Machine | None, instance_id: str) -> None:
        process = self.kernel.current
        if machine is None or machine.tag is None:
            raise Violation("I3", f"destroy of {instance_id} at {market.name}, which is not ours")
        if process is not None and process.kind in ("reconcile", "janitor") and market.name in process.blind:
            raise Violation("I6", f"{process} destroys {instance_id} on a list it could not read")
        now = self.kernel.time
        if machine.lives(now):
            at = due.may_die_at(machine, self.row(machine), self.ended_at)
            if now < at:
                raise Violation("I4", f"destroy of {instance_id} {(at - now) // SECOND} s before it was due")
        self.destroys += 1
        if process is not None:
            process.destroyed.append(machine)
        self._bounded(machine, now)

    def _bounded(self, machine: Machine, now: Instant) -> None:
        asked = machine.asked
        asked.append(now)
        while asked and asked[0] <= now - HOUR:
            asked.pop(0)
        first = machine.ending_from or now
        machine.ending_from = first
        while self.extra_runs and self.extra_runs[0] <= now - HOUR:
            self.extra_runs.popleft()
        usual = FIRST_HOUR if now - first < 2 * HOUR else STEADY
        limit = usual + JANITOR + machine.allowance + len(self.extra_runs)
        if len(asked) > limit:
            raise Violation("I15", f"{len(asked)} destroys of {machine.id} within an hour")

    def destroy_arrived(self, machine: Machine | None) -> None:
        """It reached a market that answers."""
        if machine is None or machine.tag is None:
            return
        now = self.kernel.time
        if machine.last_arrival is not None and machine.lives(now):
            self.gaps.append(self._waited(machine, machine.last_arrival, now))
        machine.last_arrival = now
        if machine.first_asked_at is None:
            machine.first_asked_at = now
            since = self.must(machine)
            self.lateness.append(self._waited(machine, since, now) if now > since else 0)

    def must(self, machine: Machine) -> Instant:
        return due.must_die_from(machine, self.row(machine), self.ended_at, self.kept, self.policy, self.layers)

    def row(self, machine: Machine) -> Session | None:
        return self.rows.get((machine.tag or "").removeprefix("shopper-"))

    # --- as time goes by

    def look_around(self) -> None:
        """I1: nothing that is due stays unasked for, or is not asked again, for longer than `bound`."""
        now = self.kernel.time
        for machines in self.machines.values():
            for machine in machines:
                if not machine.lives(now):
                    continue
                since = self.must(machine)
                if machine.last_arrival is not None:
                    since = max(since, machine.last_arrival)
                if now - since > self.bound and self._waited(machine, since, now) > self.bound:
                    late = (now - since) // MINUTE
                    raise Violation("I1", f"{machine.id} ({machine.tag}) lives {late} min after it was due")

    def _waited(self, machine: Machine, since: Instant, now: Instant) -> Millis:
        """How long nothing was done, though the market could be reached."""
        stray = due.stray_since(machine, self.row(machine)) is not None
        return now - since - self.blind_to(machine.market, since, now, stray)
