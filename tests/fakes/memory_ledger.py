"""The ledger in memory."""

from collections.abc import Iterable
from threading import RLock

import msgspec

from chalicelib.domain.errors import Stale
from chalicelib.domain.ledger import Key, Line, Total
from chalicelib.domain.posting import Posting, moved, refused, sums
from tests.fakes.memory_access import MemoryAccess
from tests.fakes.memory_sessions import MemorySessions


class MemoryLedger:
    """`Ledger`."""

    def __init__(self, lock: RLock, access: MemoryAccess, sessions: MemorySessions) -> None:
        self._lock = lock
        self._access = access
        self._sessions = sessions
        self._lines: dict[str, dict[Key, Line]] = {}
        self._totals: dict[str, dict[tuple[str, str, str], Total]] = {}

    def lines(self, consumer: str, keys: Iterable[Key]) -> dict[Key, Line]:
        known = self._lines.get(consumer, {})
        return {key: known[key] for key in keys if key in known}

    def post(self, posting: Posting) -> None:
        with self._lock:
            consumer = posting.consumer.id
            lines, totals = self._lines.setdefault(consumer, {}), self._totals.setdefault(consumer, {})
            reserved, booked = moved(posting)
            known = self._access.consumer(consumer)
            if any(lines.get(after.key) != before for before, after in posting.lines):
                raise Stale("a line moved meanwhile")
            if (reserved or booked) and (known is None or known.period != posting.consumer.period):
                raise Stale("the period is over")
            self._sessions.check_holds(posting.holds)
            self._sessions.save_all(posting.sessions, refused(posting, known) if known is not None else None)
            for before, after in posting.lines:
                lines[after.key] = msgspec.structs.replace(after, version=(before.version if before else 0) + 1)
            for more in sums(posting.lines):
                place = more.day, more.provider, more.gpu
                old = totals.get(place) or msgspec.structs.replace(more, cost=0, gpu_ms=0, sessions=0, started=0)
                totals[place] = msgspec.structs.replace(
                    old,
                    cost=old.cost + more.cost,
                    gpu_ms=old.gpu_ms + more.gpu_ms,
                    sessions=old.sessions + more.sessions,
                    started=old.started + more.started,
                )
            self._access.reserve(consumer, reserved, booked)

    def totals(self, consumer: str, first: str, last: str) -> list[Total]:
        return [one for _, one in sorted(self._totals.get(consumer, {}).items()) if first <= one.day <= last]

    def session_lines(self, consumer: str, first: str, last: str) -> list[Line]:
        return [one for _, one in sorted(self._lines.get(consumer, {}).items()) if first <= one.day <= last]
