"""What a session looks like in the table.

`SESSION#id / ROW`              the session; in `due` while live or not settled, in `owned` and `feed` for good
`SESSION#id / EVENT#version`    the event of the save that made this version: no event can be written twice
`CONSUMER#id / REPLAY#sha256`   which session an idempotency key opened
"""

import logging
import time
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any

import msgspec

from chalicelib.domain.instant import SECOND, Instant, Millis
from chalicelib.domain.session import Event, Session
from chalicelib.ports import Admission
from chalicelib.store.access import ROW, consumer_key
from chalicelib.store.records import read, values
from chalicelib.store.table import Row

log = logging.getLogger(__name__)

EVENT = "EVENT#"
UNSETTLED = "unsettled"
"""Where the index `due` keeps final sessions whose cost is not settled."""


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """The answer kept for a repeated request; `expires_at` counts, the table's own TTL comes late."""

    body_hash: str
    session_id: str
    expires_at: Instant


def readable(rows: Iterable[Row]) -> Iterator[Session]:
    """The sessions in these rows. One that cannot be understood, such as a newer version's, keeps back no other."""
    for row in rows:
        try:
            session = read(row, Session)
        except ValueError:
            log.exception("%s cannot be read, and is left out", row.pk)
            continue
        yield session


def session_key(session_id: str) -> tuple[str, str]:
    return f"SESSION#{session_id}", ROW


def session_id(pk: str) -> str:
    return pk.removeprefix("SESSION#")


def event_key(session_id: str, version: int) -> tuple[str, str]:
    return f"SESSION#{session_id}", f"{EVENT}{version:08d}"


def replay_key(consumer_id: str, idempotency_key: str) -> tuple[str, str]:
    """Hashed: a header may hold anything, at any length."""
    return consumer_key(consumer_id)[0], f"REPLAY#{sha256(idempotency_key.encode()).hexdigest()}"


def stored(session: Session, retention: Millis) -> dict[str, Any]:
    """Every attribute of the row but its key. A settled session leaves `due` and is given its end of life."""
    row = values(session) | {
        "ix_owner": f"sessions#{session.consumer}",
        "ix_feed": feed(month(session.created_at)),
        "ix_order": order(session),
    }
    if session.final and session.settled_at is None:
        return row | {"ix_due": UNSETTLED, "ix_due_at": session.ended_at or session.state_entered_at}
    if session.final:
        return row | {"ttl": ((session.ended_at or session.state_entered_at) + retention) // SECOND}
    return row | {"ix_due": session.status.value, "ix_due_at": session.due_at}


def stored_event(event: Event, retention: Millis) -> dict[str, Any]:
    """Kept twice as long, from its own moment: a session's history must not end before the session's row."""
    return values(event) | {"ttl": (event.at + 2 * retention) // SECOND}


def stored_replay(session: Session, admission: Admission) -> dict[str, Any]:
    expires_at = admission.idempotency_expires_at
    kept = Replay(body_hash=admission.body_hash, session_id=session.id, expires_at=expires_at)
    return values(kept) | {"ttl": expires_at // SECOND}


def order(session: Session) -> str:
    """Sorts as created; a position in every list of sessions."""
    return f"{session.created_at:013d}#{session.id}"


def created_at(position: str) -> Instant:
    return int(position[:13])


def month(at: Instant) -> str:
    """All sessions of a month share a feed: none grows for ever, and few are read for a page."""
    return time.strftime("%Y-%m", time.gmtime(at / SECOND))


def feed(of_month: str) -> str:
    return f"sessions#{of_month}"
