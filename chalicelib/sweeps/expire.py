"""Every minute: sessions past their end, their hard max or their lease begin to end, in whatever state they are."""

import logging

from chalicelib.domain.session import Status
from chalicelib.ports import Ports
from chalicelib.usecases import lifecycle

log = logging.getLogger(__name__)

_STATES = (Status.RUNNING, Status.PROVISIONING, Status.PENDING)


def run(ports: Ports) -> None:
    now = ports.clock.now()
    # Each state has a limit of its own: thousands of launches that are due must not hide one machine that runs on.
    for session in (one for status in _STATES for one in ports.sessions.due((status,), now, limit=500)):
        try:
            lifecycle.end_overdue(
                ports, session
            )  # or nothing: it is due for a launch step, which is the launch sweep's
        except Exception:
            log.exception("session %s: could not be ended", session.id, extra={"session": session.id})
