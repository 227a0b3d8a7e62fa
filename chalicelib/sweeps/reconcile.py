"""Every five minutes: what the providers list against what the table says, one provider at a time."""

import logging

from chalicelib.domain.schedule import due
from chalicelib.ports import Ports
from chalicelib.usecases.reconciling import reconcile

log = logging.getLogger(__name__)


def run(ports: Ports) -> None:
    """One pass over every provider, whenever the last one was."""
    for name in sorted(ports.providers):
        _reconcile(ports, name, always=True)


def wake(ports: Ports) -> bool:
    """One pass over each provider whose last good one is five minutes old; False when there was none.

    It is woken each minute, so a list that failed, a run that was skipped and one that died cost a minute. Locally
    the pace is what the person set, and every wake-up is a pass.
    """
    passes = [_reconcile(ports, name, always=ports.settings.is_local) for name in sorted(ports.providers)]
    return any(passes)


def _reconcile(ports: Ports, name: str, *, always: bool) -> bool:
    """Was there a pass? What keeps one provider from being looked at does not keep the others."""
    try:
        memory = ports.health.memory(name)
        if not always and not due("reconcile", memory.listed_at, ports.clock.now()):
            return False
        reconcile(ports, name, memory)
    except Exception:
        log.exception("reconcile %s failed", name, extra={"provider": name})
    return True
