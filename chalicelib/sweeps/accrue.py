"""Every five minutes: what everything has cost is written down, what is over is settled, and budgets are held."""

from functools import partial

from chalicelib.domain.turn import Turn
from chalicelib.ports import Ports
from chalicelib.sweeps import turns
from chalicelib.usecases.accruing import accrue, settle_all
from chalicelib.usecases.enforcing import enforce_all

_TOGETHER = 1_000  # sessions: enough that most transactions are full, few enough for the memory of the function


def run(ports: Ports) -> None:
    """Budgets are held in every run, also in one that does not reach the end of the list: they count what is under way
    by themselves."""
    _run(ports, ports.health.turn("accrue"))


def wake(ports: Ports) -> bool:
    return turns.woken(ports, "accrue", _run)


def _run(ports: Ports, turn: Turn | None) -> None:
    try:
        turns.take(ports, "accrue", turn, partial(accrue, ports), _TOGETHER)
    finally:  # whatever kept it from its end
        settle_all(ports)
        enforce_all(ports)
