"""Who may ask, and what was spent: consumers, keys, the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chalicelib.domain.access import Consumer, KeyRecord
    from chalicelib.domain.instant import Instant
    from chalicelib.domain.ledger import Key, Line, Total
    from chalicelib.domain.posting import Posting
    from chalicelib.ports.pages import Page


class Access(Protocol):
    """Consumers and their API keys."""

    def consumer(self, consumer_id: str) -> Consumer | None: ...

    def put_consumer(self, consumer: Consumer, *, create: bool) -> None:
        """Write limits, role and status (never the usage counters). Raises Stale if it exists and `create`."""

    def change_consumer(self, before: Consumer, after: Consumer) -> None:
        """Write what differs of limits, role and status, and nothing else: two changes at once keep both."""

    def save_budget(self, before: Consumer, after: Consumer) -> None:
        """Write `budget`, `period`, `reserved` and `booked`, on condition that all four are as in `before`.

        Raises Stale.
        """

    def consumers(self, limit: int, cursor: str | None) -> Page[Consumer]: ...

    def key(self, key_id: str) -> KeyRecord | None: ...

    def put_key(self, key: KeyRecord) -> None: ...

    def touch_key(self, key_id: str, at: Instant) -> None:
        """Note when a key was last used, and nothing else: it can never undo a revocation made meanwhile."""

    def keys_of(self, consumer_id: str) -> list[KeyRecord]: ...


class Ledger(Protocol):
    """What was spent: a line for each session, day, market and GPU, and the totals over them."""

    def lines(self, consumer: str, keys: Iterable[Key]) -> dict[Key, Line]:
        """Those of them that are stored; strongly consistent."""

    def post(self, posting: Posting) -> None:
        """Lines, totals, the consumer's counters and the sessions, all or nothing.

        On condition that each line, session and hold is as in the posting, and the consumer's period too. Raises Stale,
        and Refusal 402 `budget_exceeded` when the budget does not allow what is to be set aside.
        """

    def totals(self, consumer: str, first: str, last: str) -> list[Total]:
        """Of the days from first to last, both included, oldest first; strongly consistent."""

    def session_lines(self, consumer: str, first: str, last: str) -> list[Line]:
        """The lines themselves: one for each session of each day."""
