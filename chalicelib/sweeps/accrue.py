"""Every five minutes: what everything has cost is written down, what is over is settled, and budgets are held."""

from functools import partial

from chalicelib.domain.instant import seconds
from chalicelib.domain.turn import Turn
from chalicelib.ports import Ports
from chalicelib.sweeps import turns
from chalicelib.usecases.accruing import accrue, settle_all
from chalicelib.usecases.enforcing import enforce_all

_BUDGETS = "budgets"
"""Under this name stands where the consumers were left; it is no sweep."""
_TOGETHER = 1_000  # sessions: enough that most transactions are full, few enough for the memory of the function


def run(ports: Ports) -> None:
    """Budgets are held in every run, also in one that does not reach the end of the sessions: they count what is under
    way by themselves."""
    _run(ports, ports.health.turn("accrue"))


def wake(ports: Ports) -> bool:
    return turns.woken(ports, "accrue", _run)


def _run(ports: Ports, turn: Turn | None) -> None:
    try:
        turns.take(ports, "accrue", turn, partial(accrue, ports), _TOGETHER)
    finally:  # whatever kept it from its end
        settle_all(ports)
        _hold_budgets(ports)


def _hold_budgets(ports: Ports) -> None:
    """Very many consumers are not looked at in one run: the next one goes on from there. None is called for it, since
    as many sessions as that have called one already, and the clock comes in any case."""
    turn = ports.health.turn(_BUDGETS)
    if turn is not None:  # a run that dies of this place must not be the first of many
        ports.health.save_turn(_BUDGETS, None)
    until = ports.clock.now() + seconds(ports.settings.policy.sweep_seconds)
    place = enforce_all(ports, turn.place if turn else None, until)
    if place is not None:
        ports.health.save_turn(_BUDGETS, Turn(place=place, until=until))
