"""Every minute: sessions past their end, or past the hard max, begin to end, in whatever state they are."""

import logging

from chalicelib.domain.session import Status
from chalicelib.ports import Ports
from chalicelib.usecases import lifecycle

log = logging.getLogger(__name__)


def run(ports: Ports) -> None:
    now = ports.clock.now()
    for session in ports.sessions.due((Status.RUNNING, Status.PROVISIONING, Status.PENDING), now, limit=500):
        reason = lifecycle.overdue(session, now)
        if reason is None:
            continue  # due for a launch step, which is the launch sweep's
        try:
            lifecycle.end(ports, session, reason, "service")
        except Exception:
            log.exception("session %s: could not be ended", session.id, extra={"session": session.id})
