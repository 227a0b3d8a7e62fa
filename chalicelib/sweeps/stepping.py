"""Give every due session its step; a poisoned row is logged and never keeps its neighbours waiting."""

import logging
from collections.abc import Sequence

from chalicelib.domain.instant import seconds
from chalicelib.domain.session import Status
from chalicelib.ports import Ports
from chalicelib.usecases.stepping import step

log = logging.getLogger(__name__)


def step_due(ports: Ports, statuses: Sequence[Status], limit: int = 200) -> int:
    """Step up to `limit` sessions in these states, longest due first; returns how many.

    It begins no step that the function might not live to see the end of: the next minute's sweep goes on from there.
    """
    began = ports.clock.now()
    due = ports.sessions.due(statuses, began, limit)
    for number, session in enumerate(due):
        if ports.clock.now() - began >= seconds(ports.settings.policy.sweep_seconds):
            log.warning("sweep out of time: %d of %d due sessions wait for the next one", len(due) - number, len(due))
            return number
        try:
            step(ports, session.id)
        except Exception:
            log.exception("session %s: sweep step failed", session.id, extra={"session": session.id})
    return len(due)
