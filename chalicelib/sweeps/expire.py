"""Every minute: sessions past their end, or past the hard max, begin to end, in whatever state they are."""

import logging

from chalicelib.domain.instant import Instant, seconds
from chalicelib.domain.session import Session, Status
from chalicelib.ports import Ports
from chalicelib.usecases import lifecycle

log = logging.getLogger(__name__)

_STATES = (Status.RUNNING, Status.PROVISIONING, Status.PENDING)
_TOGETHER = 500


def run(ports: Ports) -> None:
    expire(ports)


def wake(ports: Ports) -> bool:
    """What is left when the time is over goes on by a message, and without it by the next minute's run."""
    if not expire(ports):
        ports.wakeups.sweep("expire")
    return True


def expire(ports: Ports) -> bool:
    """Whoever has begun to end is no longer due, so the list is read from its beginning until nobody new is on it;
    False when the time was over before."""
    now = ports.clock.now()
    over = now + seconds(ports.settings.policy.sweep_seconds)
    # Each state by itself: thousands of launches that are due must not hide one machine that runs on.
    for status in _STATES:
        staying: set[str] = set()  # due for a launch step, which is the launch sweep's, or in trouble: not asked again
        while found := [one for one in _due(ports, status, now, len(staying)) if one.id not in staying]:
            for session in found:
                if ports.clock.now() >= over:
                    return False
                if not _ended(ports, session):
                    staying.add(session.id)
    return True


def _due(ports: Ports, status: Status, now: Instant, staying: int) -> list[Session]:
    return ports.sessions.due((status,), now, limit=_TOGETHER + staying)


def _ended(ports: Ports, session: Session) -> bool:
    try:
        return lifecycle.end_overdue(ports, session).status is Status.TERMINATING
    except Exception:
        log.exception("session %s: could not be ended", session.id, extra={"session": session.id})
        return False
