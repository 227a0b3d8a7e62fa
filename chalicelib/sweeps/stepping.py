"""Give every due session its step; a poisoned row is logged and never keeps its neighbours waiting."""

import logging
from collections.abc import Sequence

from chalicelib.domain.instant import seconds
from chalicelib.domain.session import Status
from chalicelib.ports import Ports
from chalicelib.usecases.stepping import step

log = logging.getLogger(__name__)


_TOGETHER = 200


def step_due(ports: Ports, statuses: Sequence[Status]) -> int:
    """Step the sessions in these states that are due now, longest due first; returns how many.

    It begins no step that the function might not live to see the end of: the next minute's sweep goes on from there,
    since whoever had a step is due later than those who had none.
    """
    began = ports.clock.now()
    stepped: set[str] = set()
    while due := [one for one in ports.sessions.due(statuses, began, _TOGETHER) if one.id not in stepped]:
        for session in due:
            if ports.clock.now() - began >= seconds(ports.settings.policy.sweep_seconds):
                log.warning("sweep out of time: at least %d due sessions wait for the next one", len(due))
                return len(stepped)
            stepped.add(session.id)
            try:
                step(ports, session.id)
            except Exception:
                log.exception("session %s: sweep step failed", session.id, extra={"session": session.id})
    return len(stepped)
