"""Every five minutes: what the providers list against what the table says, one provider at a time."""

import logging

from chalicelib.ports import Ports
from chalicelib.usecases.reconciling import reconcile

log = logging.getLogger(__name__)


def run(ports: Ports) -> None:
    for name in sorted(ports.providers):
        try:
            reconcile(ports, name)
        except Exception:
            log.exception("reconcile %s failed", name, extra={"provider": name})
