"""Every five minutes: what everything has cost is written down, what is over is settled, and budgets are held."""

from functools import partial

from chalicelib.ports import Ports
from chalicelib.sweeps import turns
from chalicelib.usecases.accruing import accrue, settle_all
from chalicelib.usecases.enforcing import enforce_all

_TOGETHER = 1_000  # sessions: enough that most transactions are full, few enough for the memory of the function


def run(ports: Ports) -> None:
    """Budgets are held in every run, also in one that does not reach the end of the list: they count what is under way
    by themselves."""
    turns.take(ports, "accrue", partial(accrue, ports), _TOGETHER)
    settle_all(ports)
    enforce_all(ports)


def wake(ports: Ports) -> bool:
    if turns.under_way(ports, "accrue"):
        return False
    run(ports)
    return True
