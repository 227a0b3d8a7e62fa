"""The markets' honest books held against our ledger: I12, and I9 for what is set aside.

A session's ledger may differ from the true cost of its machines by one per cent or two ticks, whatever is more. On top:
what a change of price or phase comes to in two ticks, for each that happened; what they cost while their market could
not be read, or told untruths: nobody can know then what becomes of them, and where there is an invoice it puts that
right; and two ticks more in a world that often skips sweeps, loses messages or fails reads.
Over all seeds the sum may differ by half a per cent once the invoices are in.
"""

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.domain import ledger
from chalicelib.domain.budget import left
from chalicelib.domain.instant import HOUR, SECOND, Instant, Millis
from chalicelib.domain.money import Micros
from chalicelib.domain.posting import Posting
from chalicelib.domain.session import Session
from tests.fakes.store import MemoryStore
from tests.simulation.bills import cost, dearest, turned
from tests.simulation.faults import Faults
from tests.simulation.kernel import Violation
from tests.simulation.machine import Machine
from tests.simulation.watch import Watch

TICK = 300 * SECOND
"""How often the ledger is written, and the running machines are read."""
SHARE = 0.01
SLOW = ("kill", "throttle", "store_timeout", "message_lost", "sweep_skipped", "sweep_late", "list_error",
        "list_incomplete", "get_error", "busy")  # fmt: skip
"""Faults that make everything late when they are frequent."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One session: what the ledger has, and what it truly cost. `price`: the most that it cost per hour; `turned`: the
    sum of the changes of that; `blind`: how long its market told nothing, or untruths."""

    ours: Micros
    true: float
    price: Micros
    turned: Micros
    blind: Millis
    patience: int
    """Ticks."""

    @property
    def allowed(self) -> float:
        late = self.price * (self.patience * TICK + self.blind) + self.turned * 2 * TICK
        return max(SHARE * self.true, late / HOUR)

    @property
    def amount(self) -> float:
        return self.ours - self.true

    @property
    def ticks(self) -> float:
        return abs(self.amount) * HOUR / (self.price * TICK) if self.price else 0.0


class Books:
    """Looks at every posting, opening and settlement. `strict`: everything that reads machines is at work."""

    def __init__(self, watch: Watch, store: MemoryStore, faults: Faults) -> None:
        self.watch = watch
        self.store = store
        self.strict = True
        self.settled: dict[str, Drift] = {}
        """As each session was settled, by its id."""
        self.billed: dict[str, Drift] = {}
        """The same at the end, the invoices in."""
        self.patience = 2 + 2 * any(faults.level[kind] == "high" for kind in SLOW)
        self.blind_to: Callable[[str, Instant, Instant], Millis] = lambda market, since, until: 0
        self._stored: dict[str, Micros] = {}

    # --- at the moment of the act

    def posted(self, posting: Posting) -> None:
        for before, after in posting.lines:
            numbers = [(one.number, one.since) for one in after.segments]
            if len(set(numbers)) < len(numbers):
                raise Violation("I12", f"a segment of {after.session} is entered twice on {after.day}")
            more = after.cost - (before.cost if before is not None else 0)
            if more < 0 and not any(one.kind == "correction" for one in after.segments):
                raise Violation("I12", f"{after.session}: {-more} of {after.day} taken back")
            self._stored[after.session] = self._stored.get(after.session, 0) + more
        for earlier, later in posting.sessions:
            if posting.reserved and earlier.status is later.status and later.settled_at is None and not later.final:
                continue  # it was made longer
            if not later.final or (earlier.settled_at is not None and later.settled_at != earlier.settled_at):
                raise Violation("I12", f"{later.id} is {later.status}, and settled once more")
        self.counters(posting.consumer.id)
        if posting.reserved:
            self.held(posting.consumer.id)
        for earlier, later in posting.sessions:
            if later.settled_at is not None and earlier.settled_at is None:
                self.settled[later.id] = self._held_against(later)

    def counters(self, consumer_id: str) -> None:
        """What is reserved and booked is what holds and ledger say, at every moment."""
        consumer = self.store.access.consumer(consumer_id)
        if consumer is None:
            return
        rows = (row for row in self.watch.rows.values() if row.consumer == consumer_id and row.settled_at is None)
        reserved = sum(left(row.hold, self._stored.get(row.id, 0)) for row in rows)
        if consumer.reserved != reserved:
            raise Violation("I9", f"{consumer_id} has {consumer.reserved} reserved, its holds are {reserved}")
        spent = self.written(consumer_id, consumer.period)
        if consumer.spent != spent:
            raise Violation("I9", f"{consumer_id} has spent {spent} in {consumer.period}, counted are {consumer.spent}")

    def held(self, consumer_id: str) -> None:
        """More was just set aside, and a budget that blocks covers it."""
        self.counters(consumer_id)
        consumer = self.store.access.consumer(consumer_id)
        budget = consumer.budget if consumer is not None else None
        if consumer is not None and budget is not None and budget.blocks and consumer.booked > budget.limit:
            raise Violation("I9", f"{consumer_id} holds {consumer.booked} of {budget.limit} after an opening")

    def written(self, consumer_id: str, name: str) -> Micros:
        """In this day or month, by the totals; all time for no name."""
        return sum(one.cost for one in self.store.ledger.totals(consumer_id, "0", "9") if one.day.startswith(name))

    # --- when all is over

    def close(self) -> None:
        """Every session is settled, and totals are the sums of their lines."""
        unsettled = [row.id for row in self.watch.rows.values() if row.settled_at is None]
        if unsettled:
            raise Violation("I12", f"never settled: {unsettled}")
        for consumer_id, lines in self.store.ledger._lines.items():
            self.counters(consumer_id)
            sums: dict[tuple[str, str, str], tuple[Micros, Millis]] = {}
            for line in lines.values():
                cost, gpu_ms = sums.get((line.day, line.provider, line.gpu), (0, 0))
                sums[line.day, line.provider, line.gpu] = cost + line.cost, gpu_ms + line.gpu_ms
            found = self.store.ledger.totals(consumer_id, "0", "9")
            if {(one.day, one.provider, one.gpu): (one.cost, one.gpu_ms) for one in found} != sums:
                raise Violation("I12", f"the totals of {consumer_id} are not the sums of its lines")

    def invoiced(self) -> None:
        """The invoices are in: to the micro-dollar, for the machines that a row knows at a market that sends one."""
        now = self.watch.kernel.time
        for row in self.watch.rows.values():
            self.billed[row.id] = self._held_against(row)
            known = {name for attempt in row.attempts for name in attempt.instance_ids}
            machines = [one for one in self.watch.machines.get(row.tag, ()) if one.market == "vastai"]
            ours = sum(line.cost for line in ledger.lines(row, now) if line.provider == "vastai")
            true = sum(cost(one, 0, now) for one in machines)
            if all(one.id in known for one in machines) and abs(ours - true) > len(machines) + 1:
                raise Violation("I12", f"{row.id} was billed {true:.0f}, and the ledger has {ours}")

    # --- inside

    def _held_against(self, session: Session) -> Drift:
        now = self.watch.kernel.time
        machines = self.watch.machines.get(session.tag, [])
        drift = Drift(
            ours=self._stored.get(session.id, 0),
            true=sum(cost(machine, 0, now) for machine in machines),
            price=_together(machines),
            turned=sum(turned(machine) for machine in machines),
            blind=sum(self.blind_to(one.market, one.created_at, now) for one in machines),
            patience=self.patience,
        )
        if self.strict and abs(drift.amount) > drift.allowed:
            raise Violation("I12", f"{session.id} cost {drift.true:.0f}, and stands in the ledger as {drift.ours}")
        return drift


def _together(machines: list[Machine]) -> Micros:
    """Per hour, of the dearest attempt with all its machines."""
    attempts: dict[int, Micros] = {}
    for machine in machines:
        attempts[machine.attempt] = attempts.get(machine.attempt, 0) + dearest(machine)
    return max(attempts.values(), default=0)
