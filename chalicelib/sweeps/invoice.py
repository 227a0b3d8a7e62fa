"""Each night: the markets' invoices against the ledger."""

import logging

from chalicelib.ports import Ports
from chalicelib.usecases.invoicing import reconcile_invoice

log = logging.getLogger(__name__)


def run(ports: Ports) -> None:
    for name in sorted(ports.providers):
        try:
            reconcile_invoice(ports, name)
        except Exception:
            log.exception("the invoice of %s failed", name, extra={"provider": name})
