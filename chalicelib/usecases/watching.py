"""Watch running machines by their heartbeats: who fell silent, who is gone, who does nothing."""

import logging

import msgspec

from chalicelib.domain.alert import Kind
from chalicelib.domain.errors import ProviderError, Stale
from chalicelib.domain.heartbeat import idle_for, is_lost, is_silent
from chalicelib.domain.instance import Absent, Phase
from chalicelib.domain.instant import SECOND, Instant, Millis, rfc3339
from chalicelib.domain.limit import Reached
from chalicelib.domain.session import EndReason, Event, Session, Status
from chalicelib.ports import Ports
from chalicelib.usecases import lifecycle
from chalicelib.usecases.alerting import tell_of
from chalicelib.usecases.observing import provider_named

log = logging.getLogger(__name__)

_UNREACHABLE = "unreachable"
_BACK = "reachable again"
_DOWN = (Phase.STOPPED, Phase.FROZEN, Phase.FAILED, Phase.STARTING, Phase.REBOOTING, Phase.OFFLINE)
"""What counts as not running after half an hour of silence; one that is absent is for the reconciler to prove."""


def watch(ports: Ports, session: Session) -> None:
    """One look at a running session whose agent has reported before.

    1. Silent: noted and told, once per silence.  2. Silent for long and down by its provider's word: it ends.
    3. Idle for half of what was agreed: told.  4. For all of it: it ends.
    """
    now = ports.clock.now()
    policy = ports.settings.policy
    if is_silent(session, now, policy):
        # It was read together with others, who may have taken their time: what came meanwhile is no silence.
        row = ports.sessions.get(session.id)
        if row is None or row.status is not Status.RUNNING or not is_silent(row, now, policy):
            return
        session = row
        _silent(ports, session)
        if is_lost(session, now, policy):
            _ask_provider(ports, session)
        return
    if _noted(session):
        _note(ports, session, _BACK)
    _idle(ports, session, now)


def _silent(ports: Ports, session: Session) -> None:
    heard = rfc3339(session.last_heartbeat_at or 0)
    if not _noted(session):
        _note(ports, session, f"{_UNREACHABLE}: no heartbeat since {heard}")
    detail = f"{session.id}: no heartbeat since {heard}; the machine is still billed"
    tell_of(ports, session, Kind.SESSION_UNREACHABLE, f"unreachable:{session.id}:{session.last_heartbeat_at}", detail)


def _ask_provider(ports: Ports, session: Session) -> None:
    """Our ears alone end nothing: a machine that its provider calls running may be at work behind a broken line."""
    instance_id = session.attempt.instance_id if session.attempt else None
    if instance_id is None:
        return
    try:
        machine = provider_named(ports, session.provider).get(instance_id)
    except ProviderError as error:
        log.warning("session %s: silent, and unclear: %s", session.id, error, extra={"session": session.id})
        return
    if isinstance(machine, Absent) or machine.phase not in _DOWN:
        return
    # Asking took its time, and a machine that comes up again reports before its provider says so.
    row = ports.sessions.get(session.id)
    if row is None or row.status is not Status.RUNNING or not is_lost(row, ports.clock.now(), ports.settings.policy):
        return
    detail = f"no heartbeat for long, and the provider says {machine.status}"
    lifecycle.end(ports, row, EndReason.HEARTBEAT_LOST, "watch", detail)
    tell_of(ports, session, Kind.SESSION_LOST, f"lost:{session.id}", f"{session.id}: {detail}")


def _idle(ports: Ports, session: Session, now: Instant) -> None:
    agreed = session.order.idle_minutes * 60 * SECOND
    idle = idle_for(session, ports.settings.policy, now)
    if not agreed or 2 * idle < agreed:
        return
    if idle >= agreed:
        lifecycle.end_while(ports, session, lambda one: _idle_enough(ports, one), "watch")
        return
    minutes = _minutes(session, idle)
    detail = f"{session.id}: no GPU in use and nobody logged in for {minutes}; then it ends. Work or a login resets it"
    if tell_of(ports, session, Kind.IDLE_WARNING, f"idle:{session.id}:{session.active_at}", detail):
        _warn(ports, session, now, minutes)


def _idle_enough(ports: Ports, session: Session) -> Reached | None:
    """A login may come while the end is being written: it is then looked at anew."""
    idle = idle_for(session, ports.settings.policy, ports.clock.now())
    if idle < session.order.idle_minutes * 60 * SECOND:
        return None
    return Reached(EndReason.IDLE, f"no GPU in use and nobody logged in for {_minutes(session, idle)}")


def _minutes(session: Session, idle: Millis) -> str:
    return f"{idle / 60 / SECOND:.0f} of {session.order.idle_minutes} min"


def _warn(ports: Ports, session: Session, now: Instant, minutes: str) -> None:
    """Into the session's history too, where its user looks first; it moves nothing."""
    event = Event(
        session_id=session.id,
        at=now,
        before=session.status,
        after=session.status,
        reason="idle_warning",
        detail=f"idle for {minutes}, then it ends",
        actor="watch",
    )
    try:
        ports.sessions.save(session, session, event)
    except Stale:
        log.debug("session %s: somebody else moved it", session.id)


def _noted(session: Session) -> bool:
    return (session.status_reason or "").startswith(_UNREACHABLE)


def _note(ports: Ports, session: Session, reason: str) -> None:
    try:
        ports.sessions.save(session, msgspec.structs.replace(session, status_reason=reason))
    except Stale:
        log.debug("session %s: somebody else moved it", session.id)
