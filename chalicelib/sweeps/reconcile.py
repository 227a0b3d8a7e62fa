"""Every five minutes: what the providers list against what the table says, one provider at a time."""

import logging

from chalicelib.domain.schedule import due
from chalicelib.ports import Ports
from chalicelib.usecases.reconciling import reconcile
from chalicelib.usecases.reporting import count_late

log = logging.getLogger(__name__)


def run(ports: Ports) -> bool:
    """One pass over every provider, whenever the last one was; False when one died."""
    passes = [_reconcile(ports, name, always=True) for name in sorted(ports.providers)]
    _count_late(ports)
    return False not in passes


def wake(ports: Ports) -> bool:
    """One pass over each provider whose last good one is five minutes old; False when none was due, or one died.

    It is woken each minute, so a list that failed, a run that was skipped and one that died cost a minute. Locally
    the pace is what the person set, and every wake-up is a pass.
    """
    passes = [_reconcile(ports, name, always=ports.settings.is_local) for name in sorted(ports.providers)]
    _count_late(ports)
    return True in passes and False not in passes


def _count_late(ports: Ports) -> None:
    """Whoever looks after the providers looks after the other sweeps: one that fails, hangs or is never woken is seen
    here by what it no longer writes down."""
    try:
        count_late(ports)
    except Exception:  # no number is an alarm too
        log.exception("the sweeps could not be looked at")


def _reconcile(ports: Ports, name: str, *, always: bool) -> bool | None:
    """Was there a pass that came to its end, be it that the provider could not be seen, which its own health tells?
    None when none was due.

    What keeps one provider from being looked at does not keep the others."""
    try:
        memory = ports.health.memory(name)
        if not always and not due("reconcile", memory.listed_at, ports.clock.now()):
            return None
        reconcile(ports, name, memory)
        return True
    except Exception:
        log.exception("reconcile %s failed", name, extra={"provider": name})
        return False
