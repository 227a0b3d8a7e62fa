"""Where sessions are kept: opened in one transaction, moved on by condition alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chalicelib.domain.access import Consumer
    from chalicelib.domain.instant import Instant
    from chalicelib.domain.pulse import Pulse
    from chalicelib.domain.session import Event, Session, Status
    from chalicelib.ports.pages import Page


class Admission(msgspec.Struct, frozen=True, kw_only=True):
    """What must hold, in the same transaction, for a session to be opened."""

    consumer: Consumer
    """Its limits; the transaction also demands that it is still active."""
    key_id: str | None
    """The key that asked; the transaction demands that it is not revoked."""
    idempotency_key: str | None = None
    body_hash: str = ""
    idempotency_expires_at: Instant = 0


class Sessions(Protocol):
    def open(self, session: Session, event: Event, admission: Admission) -> Session:
        """Write row, first event, quota, budget hold and idempotency in one transaction, or nothing.

        A replay (same consumer, idempotency key and body) returns the session opened first.
        Raises Refusal: 409 `idempotency_conflict`, 429 `quota_exceeded`, 401 when the key or consumer is not active.
        """

    def replayed(self, consumer_id: str, idempotency_key: str, body_hash: str, now: Instant) -> Session | None:
        """The session this very request opened before, if any. Raises Refusal 409 `idempotency_conflict`."""

    def get(self, session_id: str) -> Session | None:
        """Strongly consistent."""

    def save(self, before: Session, after: Session, event: Event | None = None) -> Session:
        """Write what changed, on condition that the row still has `before.version`; returns it with the new version.

        With an event both are one transaction. Becoming final gives the quota back in it too. It never changes `hold`:
        what is set aside moves with the ledger (`Ledger.post`). Raises Stale.
        """

    def beat(self, session_id: str, mark: str, pulse: Pulse, at: Instant, active: bool) -> bool:
        """Note a heartbeat, and nothing that anybody else writes: the version stays as it is.

        On condition that the session is not final and its mark is an earlier one of the same token; else False, and
        nothing has changed. `active`: this was also the last moment of activity.
        """

    def due(self, statuses: Sequence[Status], before: Instant, limit: int = 100) -> list[Session]:
        """Live sessions in these states with `due_at` <= `before`, longest due first. May lag by moments."""

    def live(self, provider: str | None = None, after: str | None = None) -> Iterator[Session]:
        """Every session that is not final (with its current attempt at `provider`, if given), in the order of their
        places in the sense of `domain.turn`; with `after` only those behind that place.
        """

    def page(
        self,
        *,
        consumer: str | None,
        statuses: Sequence[Status] | None,
        provider: str | None,
        limit: int,
        cursor: str | None,
    ) -> Page[Session]:
        """Newest first. Raises Refusal 400 for a cursor that is not ours."""

    def live_of(self, consumer: Consumer) -> list[Session]:
        """The consumer's sessions that are not final; as many as its row counts, in any order."""

    def unsettled(self, limit: int = 100) -> list[Session]:
        """Final sessions that no posting has settled, longest ended first. May lag by moments."""

    def events(self, session_id: str) -> list[Event]:
        """Oldest first."""


class Wakeups(Protocol):
    """Messages that make a worker look at something soon. Losing all of them only costs time."""

    def session(self, session_id: str, delay_seconds: float = 0.0) -> None: ...

    def sweep(self, name: str, *, if_due: bool = False) -> None:
        """Run it; `if_due`: as the clock would, which may find nothing to do."""


class Overrides(Protocol):
    """Operators' extensions past the hard max, kept where the janitor can read them without the table."""

    def lengthen(self, session_id: str, until: Instant) -> None:
        """Raises ShopperError when it was not kept: then the extension must not be granted."""

    def until(self, session_id: str) -> Instant | None:
        """None when there is none; raises ShopperError when that cannot be known."""
