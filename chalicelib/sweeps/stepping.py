"""Give every due session its step; a poisoned row is logged and never keeps its neighbours waiting."""

import logging
from collections.abc import Sequence

from chalicelib.domain.session import Status
from chalicelib.ports import Ports
from chalicelib.usecases.stepping import step

log = logging.getLogger(__name__)


def step_due(ports: Ports, statuses: Sequence[Status], limit: int = 200) -> int:
    """Step up to `limit` sessions in these states, longest due first; returns how many."""
    due = ports.sessions.due(statuses, ports.clock.now(), limit)
    for session in due:
        try:
            step(ports, session.id)
        except Exception:
            log.exception("session %s: sweep step failed", session.id, extra={"session": session.id})
    return len(due)
