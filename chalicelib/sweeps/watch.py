"""Every minute: running machines that fell silent or do nothing are told of, and end by the rules."""

import logging

from chalicelib.domain.schedule import overdue
from chalicelib.domain.session import Status
from chalicelib.ports import Ports
from chalicelib.usecases.watching import watch

log = logging.getLogger(__name__)


def run(ports: Ports) -> None:
    """A session whose agent never reported is nobody's silence. After an absence of our own the silence may be ours:
    then this pass only notes that we are back, and the machines have until the next one to be heard."""
    tick = ports.settings.tick_seconds if ports.settings.is_local else None
    if overdue("watch", ports.health.sweeps().get("watch"), ports.clock.now(), tick):
        log.info("watch: just back, listening first")
        return
    for session in ports.sessions.live():
        if session.status is not Status.RUNNING or session.last_heartbeat_at is None:
            continue
        try:
            watch(ports, session)
        except Exception:
            log.exception("session %s: could not be watched", session.id, extra={"session": session.id})
