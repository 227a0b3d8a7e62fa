"""Every five minutes: what everything has cost is written down, what is over is settled, and budgets are held."""

from chalicelib.ports import Ports
from chalicelib.usecases.accruing import accrue
from chalicelib.usecases.enforcing import enforce_all


def run(ports: Ports) -> None:
    accrue(ports)
    enforce_all(ports)
