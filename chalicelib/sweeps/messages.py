"""What a wake-up message asks for: one step of one session, or one sweep now."""

import json
import logging

from chalicelib import sweeps
from chalicelib.ports import Ports
from chalicelib.usecases.stepping import step

log = logging.getLogger(__name__)


def handle(ports: Ports, body: str) -> None:
    """Act on one queue message. An unreadable one is logged and dropped: the sweeps do the work anyway."""
    try:
        message = json.loads(body)
        session, sweep, wake = message.get("session"), message.get("sweep"), message.get("wake")
    except (ValueError, AttributeError):
        log.error("unreadable wake-up dropped")
        return
    if isinstance(session, str):
        step(ports, session)
    elif sweep in sweeps.SWEEPS:
        sweeps.run(sweep, ports)
    elif wake in sweeps.SWEEPS:
        sweeps.wake(wake, ports)
    else:
        log.error("wake-up for nothing known dropped")
