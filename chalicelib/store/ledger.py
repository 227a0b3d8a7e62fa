"""The ledger in the table: lines, the totals over them, and the consumer's counters, moved together or not at all."""

from collections.abc import Iterable

import msgspec
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from chalicelib.domain import period
from chalicelib.domain.access import Consumer
from chalicelib.domain.errors import Stale
from chalicelib.domain.instant import Millis
from chalicelib.domain.ledger import Key, Line, Total
from chalicelib.domain.posting import Posting, moved, refused, sums
from chalicelib.domain.session import Session
from chalicelib.store.access import DynamoAccess, consumer_key, within_budget
from chalicelib.store.ledger_rows import TotalRow, costs_pk, line_key, stored_line, total_key
from chalicelib.store.records import Rows, changes, read
from chalicelib.store.session_rows import session_key, stored
from chalicelib.store.table import R, Table
from chalicelib.store.trouble import Lost


class DynamoLedger:
    """`Ledger`. `retention`: of a final session; `kept`: of a line, from its day on."""

    _lines = Rows(Line)
    _consumers = Rows(Consumer)
    _sessions = Rows(Session)

    def __init__(self, table: Table, retention: Millis, kept: Millis) -> None:
        self._table = table
        self._retention = retention
        self._kept = kept
        self._totals = table.bind(TotalRow)
        self._access = DynamoAccess(table)

    def lines(self, consumer: str, keys: Iterable[Key]) -> dict[Key, Line]:
        rows = self._table.get_all(self._lines, (line_key(consumer, key) for key in keys))
        found = (read(row, Line) for row in rows)
        return {line.key: line for line in found}

    def post(self, posting: Posting) -> None:
        try:
            self._table.transact(lambda transaction: self._write(transaction, posting))
        except Lost as error:
            self._check_budget(posting)
            raise Stale(f"the ledger of {posting.consumer.id} moved meanwhile") from error

    def totals(self, consumer: str, first: str, last: str) -> list[Total]:
        return [
            Total(
                consumer=consumer, day=row.day, provider=row.provider, gpu=row.gpu, cost=int(row.cost),
                gpu_ms=int(row.gpu_ms), sessions=int(row.sessions), started=int(row.started),
            )
            for row in self._between(self._totals, consumer, "TOTAL", first, last)
        ]  # fmt: skip

    def session_lines(self, consumer: str, first: str, last: str) -> list[Line]:
        return [read(row, Line) for row in self._between(self._lines, consumer, "LINE", first, last)]

    def _check_budget(self, posting: Posting) -> None:
        """Was it the budget that it was lost to? Raises Refusal 402; not if a session moved meanwhile."""
        for before, _ in posting.sessions if posting.reserved else ():
            row = self._table.get(self._sessions, *session_key(before.id))
            consumer = self._access.consumer(before.consumer)
            refusal = refused(posting, consumer) if consumer is not None else None
            if refusal is not None and row is not None and read(row, Session).version == before.version:
                raise refusal

    def _between(self, rows: type[R], consumer: str, kind: str, first: str, last: str) -> list[R]:
        found: list[R] = []
        for of_month in period.months(first, last):
            condition = rows.sk.between(f"{kind}#{first}", f"{kind}#{last}$")  # `$` is the next after `#`
            found += self._table.find(rows, costs_pk(consumer, of_month), condition)
        return found

    def _write(self, transaction: TransactWrite, posting: Posting) -> None:
        consumer = posting.consumer
        for before, after in posting.lines:
            self._write_line(transaction, before, after)
        for total in sums(posting.lines):
            column = self._totals.get_attributes()
            names = ("cost", "gpu_ms", "sessions", "started")
            actions: list[Action] = [column[name].set(getattr(total, name)) for name in ("day", "provider", "gpu")]
            actions += [column[name].add(getattr(total, name)) for name in names]
            transaction.update(self._totals(*total_key(consumer.id, total.day, total.provider, total.gpu)), actions)
        reserved, booked = moved(posting)
        if reserved or booked:
            column = self._consumers.get_attributes()
            condition = column["period"] == consumer.period
            if posting.reserved:
                condition &= within_budget(column, consumer, booked)
            transaction.update(
                self._consumers(*consumer_key(consumer.id)),
                [column["reserved"].add(reserved), column["booked"].add(booked)],
                condition,
            )
        for session in posting.holds:
            column = self._sessions.get_attributes()
            transaction.condition_check(
                self._sessions, *session_key(session.id), condition=column["hold"] == session.hold
            )
        for earlier, later in posting.sessions:
            self._write_session(transaction, earlier, later)

    def _write_line(self, transaction: TransactWrite, before: Line | None, after: Line) -> None:
        row = self._lines(*line_key(after.consumer, after.key))
        known = stored_line(before, self._kept) if before is not None else {}
        version = self._lines.get_attributes()["version"]
        same = version == before.version if before is not None else version.does_not_exist()
        saved = msgspec.structs.replace(after, version=(before.version if before is not None else 0) + 1)
        transaction.update(row, changes(self._lines, known, stored_line(saved, self._kept)), same)

    def _write_session(self, transaction: TransactWrite, before: Session, after: Session) -> None:
        saved = msgspec.structs.replace(after, version=before.version + 1)
        row = self._sessions(*session_key(before.id))
        actions = changes(self._sessions, stored(before, self._retention), stored(saved, self._retention))
        transaction.update(row, actions, self._sessions.get_attributes()["version"] == before.version)
