"""What a caller or the clock may do to a session that exists: end it, make it longer, renew its lease."""

import logging
from collections.abc import Callable
from functools import partial

import msgspec

from chalicelib.domain import limit
from chalicelib.domain import session as rules
from chalicelib.domain.access import Consumer
from chalicelib.domain.errors import Refusal, Stale
from chalicelib.domain.instant import HOUR, Instant, hours, rfc3339
from chalicelib.domain.limit import Reached
from chalicelib.domain.money import over_time
from chalicelib.domain.session import EndReason, Session, Status
from chalicelib.ports import Ports
from chalicelib.usecases.accruing import lengthen
from chalicelib.usecases.keeping import keep
from chalicelib.usecases.leasing import check_reach

log = logging.getLogger(__name__)


def end(ports: Ports, session: Session, reason: EndReason, actor: str, detail: str | None = None) -> Session:
    """Begin to end it, whoever else writes at the same time. Ending or ended ones come back unchanged."""
    while not session.final and session.status is not Status.TERMINATING:
        after, event = rules.end(session, reason, ports.clock.now(), actor, detail)
        try:
            return keep(ports, session, after, event)
        except Stale:
            session = _again(ports, session)
    return session


def end_all_of(ports: Ports, consumer: Consumer, actor: str) -> None:
    """Begin to end what a disabled consumer has: nobody else could. One that cannot be written to keeps back no other;
    the next accrual tries it again."""
    for session in ports.sessions.live_of(consumer):
        try:
            end(ports, session, EndReason.KEY_REVOKED, actor, "the consumer was disabled")
        except Exception:
            log.exception("session %s: could not be ended", session.id, extra={"session": session.id})


def end_overdue(ports: Ports, session: Session) -> Session:
    """Begin to end it if it has reached a limit. One that was moved at the same moment is looked at anew, so that
    whoever made it longer in time keeps it."""
    return end_while(ports, session, lambda one: overdue(one, ports.clock.now()), "service")


def end_while(ports: Ports, session: Session, why: Callable[[Session], Reached | None], actor: str) -> Session:
    """Begin to end it as long as there is a reason: whoever moved it meanwhile may have taken the reason away."""
    while (over := why(session)) is not None:
        after, event = rules.end(session, over.reason, ports.clock.now(), actor, over.detail)
        try:
            return keep(ports, session, after, event)
        except Stale:
            session = _again(ports, session)
    return session


def overdue(session: Session, now: Instant) -> Reached | None:
    """The limit that it has reached."""
    return limit.reached(session, now)


def extend(ports: Ports, session: Session, length: float, override: bool, actor: str) -> Session:
    """Move the end `length` hours later; past the hard max only by an operator's override, which is recorded.

    Refused where the machine could not be told and would end itself before: no promise that it does not keep.
    """
    while True:
        now = ports.clock.now()
        if session.final or session.status is Status.TERMINATING:
            raise Refusal(409, "not_live", f"the session is {session.status} and cannot be extended")
        over = overdue(session, now)
        if over is not None:
            raise Refusal(409, "not_live", f"the session is about to end: {over.detail or over.reason}")
        expires_at = session.expires_at + hours(length)
        more = over_time(session.held_per_hour, hours(length))
        changes: dict[str, object] = {"expires_at": expires_at, "hours": (expires_at - session.created_at) / HOUR}
        past = expires_at > session.hard_max_at
        if past and not override:
            detail = f"hours: {rfc3339(expires_at)} is past the hard max at {rfc3339(session.hard_max_at)}"
            raise Refusal(409, "past_hard_max", detail, field="hours", hard_max_at=rfc3339(session.hard_max_at))
        check_reach(session, expires_at, ports.settings.policy)
        if past:
            changes |= {"hard_max_at": expires_at, "overridden_by": actor}
        longer = msgspec.structs.replace(session, **changes)
        # First: else the janitor would end what the table grants.
        override_first = partial(ports.overrides.lengthen, session.id, expires_at) if past else None
        try:
            return lengthen(ports, session, longer, more, override_first)
        except Stale:
            session = _again(ports, session)


def renew(ports: Ports, session: Session) -> Session:
    """Its owner is still there: the lease begins anew. That moves no other limit.

    It counts until somebody has begun to end the session, so that one who comes late loses nothing that still lives.
    Raises Refusal 409: no_lease, not_live.
    """
    while True:
        now = ports.clock.now()
        if session.order.lease_minutes is None:
            raise Refusal(409, "no_lease", "the session was opened without lease_minutes: there is nothing to renew")
        if session.final or session.status is Status.TERMINATING or now >= min(session.expires_at, session.hard_max_at):
            raise Refusal(409, "not_live", f"the session is {session.status} and cannot be renewed")
        try:
            return ports.sessions.save(session, limit.leased(session, now))
        except Stale:
            session = _again(ports, session)


def _again(ports: Ports, session: Session) -> Session:
    fresh = ports.sessions.get(session.id)
    if fresh is None:
        raise Refusal(404, "not_found", "no such session")
    return fresh
