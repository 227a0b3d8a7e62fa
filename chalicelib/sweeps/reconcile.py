"""Every five minutes: what the providers list against what the table says, one provider at a time."""

import logging

from chalicelib.domain.diff import Memory
from chalicelib.domain.schedule import due
from chalicelib.ports import Ports
from chalicelib.usecases.reconciling import reconcile

log = logging.getLogger(__name__)


def run(ports: Ports) -> None:
    """One pass over every provider, whenever the last one was."""
    for name in sorted(ports.providers):
        _reconcile(ports, name, ports.health.memory(name))


def wake(ports: Ports) -> bool:
    """One pass over each provider whose last good one is five minutes old; False when there was none.

    It is woken each minute, so a list that failed, a run that was skipped and one that died cost a minute. Locally
    the pace is what the person set, and every wake-up is a pass.
    """
    passes = 0
    for name in sorted(ports.providers):
        memory = ports.health.memory(name)
        if ports.settings.is_local or due("reconcile", memory.listed_at, ports.clock.now()):
            _reconcile(ports, name, memory)
            passes += 1
    return passes > 0


def _reconcile(ports: Ports, name: str, memory: Memory) -> None:
    try:
        reconcile(ports, name, memory)
    except Exception:
        log.exception("reconcile %s failed", name, extra={"provider": name})
