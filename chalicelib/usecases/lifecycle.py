"""What a caller or the clock may do to a session that exists: end it, or make it longer."""

import msgspec

from chalicelib.domain import session as rules
from chalicelib.domain.errors import Refusal, Stale
from chalicelib.domain.instant import HOUR, hours, rfc3339
from chalicelib.domain.money import over_time
from chalicelib.domain.session import EndReason, Session, Status
from chalicelib.ports import Ports
from chalicelib.usecases.budgeting import afford
from chalicelib.usecases.keeping import keep


def end(ports: Ports, session: Session, reason: EndReason, actor: str, detail: str | None = None) -> Session:
    """Begin to end it, whoever else writes at the same time. Ending or ended ones come back unchanged."""
    while not session.final and session.status is not Status.TERMINATING:
        after, event = rules.end(session, reason, ports.clock.now(), actor, detail)
        try:
            return keep(ports, session, after, event)
        except Stale:
            session = _again(ports, session)
    return session


def overdue(session: Session, now: int) -> EndReason | None:
    """Which limit it has reached; the hard max is named first, it is the stricter promise."""
    if session.final or session.status is Status.TERMINATING:
        return None
    if now >= session.hard_max_at:
        return EndReason.HARD_MAX
    return EndReason.EXPIRED if now >= session.expires_at else None


def extend(ports: Ports, session: Session, length: float, override: bool, actor: str) -> Session:
    """Move the end `length` hours later; past the hard max only by an operator's override, which is recorded."""
    while True:
        now = ports.clock.now()
        if session.final or session.status is Status.TERMINATING or overdue(session, now):
            raise Refusal(409, "not_live", f"the session is {session.status} and cannot be extended")
        expires_at = session.expires_at + hours(length)
        more = over_time(session.held_per_hour, hours(length))
        changes: dict[str, object] = {"expires_at": expires_at, "hours": (expires_at - session.created_at) / HOUR}
        changes["hold"] = session.hold + more
        if expires_at > session.hard_max_at:
            if not override:
                detail = f"hours: {rfc3339(expires_at)} is past the hard max at {rfc3339(session.hard_max_at)}"
                raise Refusal(409, "past_hard_max", detail, field="hours", hard_max_at=rfc3339(session.hard_max_at))
            changes |= {"hard_max_at": expires_at, "overridden_by": actor}
            afford(ports, session.consumer, more)
            ports.overrides.lengthen(session.id, expires_at)  # first: else the janitor would end what the table grants
        try:
            return ports.sessions.save(session, msgspec.structs.replace(session, **changes))
        except Stale:
            session = _again(ports, session)


def _again(ports: Ports, session: Session) -> Session:
    fresh = ports.sessions.get(session.id)
    if fresh is None:
        raise Refusal(404, "not_found", "no such session")
    return fresh
