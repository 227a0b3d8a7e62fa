"""A sweep too long for one run: where the next one takes it up, and until when that one is expected."""

import msgspec

from chalicelib.domain.instant import Instant
from chalicelib.domain.session import LIVE, Session, Status


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """Left behind by a run that ran out of time."""

    place: str
    """Of the last session that was looked at."""
    until: Instant
    """Whoever was called to go on has begun by now, or never will: then the clock's next run does."""


def place(session: Session) -> str:
    """Where it stands among the live sessions; text that sorts as `Sessions.live` yields."""
    return place_of(session.status, session.due_at or 0, session.id)


def place_of(status: Status, due_at: Instant, session_id: str) -> str:
    """Live states come in the order in which a session passes through them."""
    return f"{LIVE.index(status)}#{due_at:013d}#{session_id}"
