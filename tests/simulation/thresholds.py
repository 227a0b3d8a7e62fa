"""Consumers with budgets, and what they are told of them (I13)."""

from functools import partial
from random import Random

import msgspec

from chalicelib.domain import ledger, period
from chalicelib.domain.access import Consumer
from chalicelib.domain.alert import Alert, Kind
from chalicelib.domain.budget import Budget, OnExceeded
from chalicelib.domain.instant import HOUR, Instant
from chalicelib.domain.money import Micros
from chalicelib.ports import Ports
from chalicelib.usecases import budgeting
from tests.fakes.alerts import MemoryAlerts
from tests.simulation.books import TICK, Books
from tests.simulation.kernel import Kernel, Violation

KINDS: tuple[OnExceeded | None, ...] = (None, "alert", "alert", "block", "terminate")
SHARES = ((0.5, 0.8, 1.0), (0.1, 0.25, 0.5, 0.8, 1.0, 1.5), (1.0,))


class Thresholds:
    """Sets budgets, changes them, and knows which thresholds were truly crossed when."""

    def __init__(self, rng: Random, kernel: Kernel, books: Books, alerts: MemoryAlerts) -> None:
        self.rng = rng
        self.kernel = kernel
        self.books = books
        self.alerts = alerts
        self.published: set[str] = set()
        self.budgets: dict[str, list[tuple[Instant, Budget]]] = {}
        """Per consumer, as they came to stand: (when, what)."""

    # --- the people

    def plan(self, ports: Ports, consumers: list[Consumer], length: int) -> None:
        rng, now = self.rng, self.kernel.time
        for consumer in consumers:
            kind = rng.choice(KINDS)
            if kind is None:
                continue
            for at in [now + round(rng.choice((0, 0, rng.random())) * length), *self._changes(now, length)]:
                budget = Budget(
                    period=rng.choice(("day", "day", "month")),
                    limit=round(10 ** rng.uniform(5.3, 7.2)),
                    thresholds=rng.choice(SHARES),
                    on_exceeded=kind,
                    since=at,
                )
                self.kernel.at(at, partial(self._put, ports, consumer.id, budget, 5))

    def _changes(self, now: Instant, length: int) -> list[Instant]:
        return [now + round(self.rng.random() * length)] if self.rng.random() < 0.2 else []

    def _put(self, ports: Ports, who: str, budget: Budget, tries: int) -> None:
        """An operator who gets no answer asks again, unless somebody set another one meanwhile."""
        now = self.kernel.time
        wanted = msgspec.structs.replace(budget, since=now)

        def again() -> None:
            if not any(one.since >= wanted.since for _, one in self.budgets.get(who, ())):
                self._put(ports, who, wanted, tries - 1)

        self.kernel.start("budget", who, lambda: budgeting.put(ports, who, wanted))
        if tries > 1:
            self.kernel.at(now + 60_000, again)

    # --- what the store and the topic see

    def saved(self, before: Consumer, after: Consumer) -> None:
        if after.budget is not None and after.budget != before.budget:
            self.budgets.setdefault(after.id, []).append((self.kernel.time, after.budget))

    def added(self, alert: Alert) -> None:
        """A new alert of a budget: its threshold was crossed, give or take what a list may correct meanwhile."""
        if alert.kind != Kind.BUDGET:
            return
        who, name, share = str(alert.consumer), str(alert.period), float(alert.threshold or 0)
        if alert.dedupe_id != f"{who}:{name}:{share}":
            raise Violation("I13", f"{alert.dedupe_id} is not {who}:{name}:{share}")
        spent, slack = self.spent(who, name)
        stood = [one for at, one in self.budgets.get(who, ())]
        if not any(share in one.thresholds and spent + slack >= share * one.limit for one in stood):
            raise Violation("I13", f"{alert.dedupe_id} is told, and {spent} is spent")

    def used_up(self, who: str) -> bool:
        """Has a budget ended what it may no longer pay for?"""
        now = self.kernel.time
        ending = [one for _, one in self.budgets.get(who, ()) if one.on_exceeded == "terminate"]
        return any(sum(self.spent(who, period.containing(one.period, now))) >= one.limit for one in ending)

    def spent(self, who: str, name: str) -> tuple[Micros, Micros]:
        """(in that period up to now, by the rows; what a tick of everything that runs comes to)."""
        now = self.kernel.time
        spent = slack = 0
        for row in self.books.watch.rows.values():
            if row.consumer == who:
                spent += sum(line.cost for line in ledger.lines(row, now) if line.day.startswith(name))
                slack += 0 if row.settled_at is not None else row.held_per_hour * TICK // HOUR
        return spent, slack

    # --- when all is over

    def close(self, calm: bool) -> None:
        """Whatever was told was sent; each threshold that was reached was told; where nothing went wrong, a budget that
        blocks was never passed."""
        unsent = set(self.alerts.rows) - self.published
        if unsent:
            raise Violation("I13", f"never published: {sorted(unsent)}")
        for who, stood in self.budgets.items():
            budget = stood[-1][1]
            for name in self._periods(budget):
                spent = self.books.written(who, name)
                for share in budget.thresholds:
                    if spent >= share * budget.limit and f"{who}:{name}:{share}" not in self.alerts.rows:
                        raise Violation("I13", f"{who} spent {spent} in {name}: {share} of {budget.limit}, and untold")
                if calm and budget.blocks and len(stood) == 1 and not self._before(who) and spent > budget.limit:
                    raise Violation("I9", f"{who} spent {spent} in {name}, of {budget.limit}")

    def _before(self, who: str) -> bool:
        """Had this consumer sessions before the budget was set?"""
        since = self.budgets[who][0][0]
        return any(row.consumer == who and row.created_at <= since for row in self.books.watch.rows.values())

    def _periods(self, budget: Budget) -> list[str]:
        """Those in which it stood, from its first whole one on; and this one, in which it acts at once."""
        now = self.kernel.time
        name = period.containing(budget.period, now)
        found = [name]
        while period.bounds(name)[0] > budget.since:
            name = period.before(name)
            found.append(name)
        return found
