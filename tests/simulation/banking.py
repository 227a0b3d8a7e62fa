"""Ledger, accounts, outbox and topic in the simulation: as unreliable as the rest, and looked at by the books."""

from collections.abc import Iterable
from typing import Any

from chalicelib.domain.access import Consumer
from chalicelib.domain.alert import Alert
from chalicelib.domain.errors import StoreDown
from chalicelib.domain.instant import Instant
from chalicelib.domain.ledger import Key, Line, Total
from chalicelib.domain.posting import Posting
from chalicelib.ports import Page
from tests.fakes.alerts import MemoryAlerts, MemoryNotifier
from tests.fakes.memory_access import MemoryAccess
from tests.fakes.memory_ledger import MemoryLedger
from tests.simulation.books import Books
from tests.simulation.ledgers import Ledgers
from tests.simulation.storing import Table
from tests.simulation.thresholds import Thresholds


class SimLedger:
    """`Ledger`."""

    def __init__(self, table: Table, inner: MemoryLedger, books: Books, ledgers: Ledgers) -> None:
        self._table = table
        self._inner = inner
        self._books = books
        self._ledgers = ledgers

    def lines(self, consumer: str, keys: Iterable[Key]) -> dict[Key, Line]:
        wanted = list(keys)
        return self._table.read(lambda: self._inner.lines(consumer, wanted)) if wanted else {}

    def post(self, posting: Posting) -> None:
        live = [(before, after) for before, after in posting.sessions if not before.final]

        def effect() -> None:
            rows = [self._books.watch.rows[before.id] for before, _ in live]
            for row, (before, after) in zip(rows, live, strict=True):
                if row.version == before.version:
                    self._ledgers.saving(row, after, None)
            self._inner.post(posting)
            self._books.posted(posting)
            for row in rows:
                self._ledgers.saved(self._books.watch.rows[row.id])

        self._table.write(effect)

    def totals(self, consumer: str, first: str, last: str) -> list[Total]:
        return self._table.read(lambda: self._inner.totals(consumer, first, last))

    def session_lines(self, consumer: str, first: str, last: str) -> list[Line]:
        return self._table.read(lambda: self._inner.session_lines(consumer, first, last))


class SimAccess:
    """`Access`: what money asks of it; the rest is not part of this world."""

    def __init__(self, table: Table, inner: MemoryAccess, books: Books, thresholds: Thresholds) -> None:
        self._table = table
        self._inner = inner
        self._books = books
        self._thresholds = thresholds

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def consumer(self, consumer_id: str) -> Consumer | None:
        return self._table.read(lambda: self._inner.consumer(consumer_id))

    def consumers(self, limit: int, cursor: str | None) -> Page[Consumer]:
        return self._table.read(lambda: self._inner.consumers(limit, cursor))

    def save_budget(self, before: Consumer, after: Consumer) -> None:
        def effect() -> None:
            self._inner.save_budget(before, after)
            self._thresholds.saved(before, after)
            self._books.counters(after.id)

        self._table.write(effect)


class SimAlerts:
    """`Alerts`."""

    def __init__(self, table: Table, inner: MemoryAlerts, thresholds: Thresholds | None = None) -> None:
        self._table = table
        self._inner = inner
        self._thresholds = thresholds

    def add(self, alert: Alert) -> bool:
        def effect() -> bool:
            new = self._inner.add(alert)
            if new and self._thresholds is not None:
                self._thresholds.added(alert)
            return new

        return self._table.write(effect)

    def known(self, dedupe_ids: Iterable[str]) -> set[str]:
        return self._table.read(lambda: self._inner.known(dedupe_ids))

    def pending(self, limit: int) -> list[Alert]:
        return self._table.read(lambda: self._inner.pending(limit) if self._inner.rows else [])

    def mark_sent(self, dedupe_id: str, at: Instant) -> None:
        self._table.write(lambda: self._inner.mark_sent(dedupe_id, at))

    def page(self, *, consumer: str | None, limit: int, cursor: str | None) -> Page[Alert]:
        return self._table.read(lambda: self._inner.page(consumer=consumer, limit=limit, cursor=cursor))


class SimNotifier(MemoryNotifier):
    """`Notifier`."""

    def __init__(self, table: Table, thresholds: Thresholds) -> None:
        super().__init__()
        self._table = table
        self._thresholds = thresholds

    def publish(self, alert: Alert) -> None:
        self._table.hazard()
        if self._table.faults.hits("topic_down"):
            raise StoreDown("the topic is down")
        self._thresholds.published.add(alert.dedupe_id)
