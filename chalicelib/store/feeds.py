"""Sessions newest first: a consumer's own, or everybody's, month by month."""

from collections.abc import Iterator

from chalicelib.domain.session import Session
from chalicelib.store.records import Rows
from chalicelib.store.session_rows import created_at, feed, month, readable
from chalicelib.store.table import Table

_MONTHS = "MONTHS"
"""`MONTHS / 2026-11`: this month has sessions. Nothing else tells where everybody's list begins."""


class Feeds:
    """The index entries of sessions, newest first."""

    _rows = Rows(Session)

    def __init__(self, table: Table) -> None:
        self._table = table
        self._months = table.plain
        self._known: set[str] = set()

    def register(self, session: Session) -> None:
        """Before the session is written, so that no session is ever missing from the list."""
        of_month = month(session.created_at)
        if of_month not in self._known:
            self._table.run(lambda: self._months(_MONTHS, of_month).save())
            self._known.add(of_month)

    def newest(self, consumer: str | None, below: str | None, batch: int) -> Iterator[Session]:
        """Sessions of `consumer` (None: of all) that come before `below` in time, read `batch` at a time."""
        yield from readable(self._table.get_all(self._rows, self._keys(consumer, below, batch), batch))

    def _keys(self, consumer: str | None, below: str | None, batch: int) -> Iterator[tuple[str, str]]:
        if consumer is not None:
            yield from self._newest("owned", f"sessions#{consumer}", below, batch)
            return
        last = None if below is None else self._months.sk <= month(created_at(below))
        for one in self._table.find(self._months, _MONTHS, last, newest_first=True):
            yield from self._newest("feed", feed(one.sk), below, batch)

    def _newest(self, index: str, hash_key: str, below: str | None, batch: int) -> Iterator[tuple[str, str]]:
        while True:
            condition = None if below is None else self._rows.ix_order < below
            rows = self._table.find(self._rows, hash_key, condition, index=index, newest_first=True, limit=batch)
            yield from ((row.pk, row.sk) for row in rows)
            if len(rows) < batch:
                return
            below = rows[-1].ix_order
