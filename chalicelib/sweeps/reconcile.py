"""Every five minutes: what the providers list against what the table says, one provider at a time."""

import logging
from collections.abc import Sequence

from chalicelib.domain.schedule import due
from chalicelib.ports import Ports
from chalicelib.usecases.reconciling import reconcile

log = logging.getLogger(__name__)


def run(ports: Ports) -> None:
    """One pass over every provider, whenever the last one was."""
    _reconcile(ports, sorted(ports.providers))


def wake(ports: Ports) -> bool:
    """One pass over each provider whose last good one is five minutes old; False when there was none.

    It is woken each minute, so a list that failed, a run that was skipped and one that died cost a minute. Locally
    the pace is what the person set, and every wake-up is a pass.
    """
    names = sorted(ports.providers)
    if not ports.settings.is_local:
        now = ports.clock.now()
        names = [name for name in names if due("reconcile", ports.health.memory(name).listed_at, now)]
    _reconcile(ports, names)
    return bool(names)


def _reconcile(ports: Ports, names: Sequence[str]) -> None:
    for name in names:
        try:
            reconcile(ports, name)
        except Exception:
            log.exception("reconcile %s failed", name, extra={"provider": name})
