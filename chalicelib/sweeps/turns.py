"""Look at every live session, however many: a run that is out of time hands over to the next one, where it stopped.

The next one comes by a message, at once; without it by the clock, from the same place. So every session is looked at
once in a round, a round takes as many runs as it takes, and nothing but time hangs on the queue.
"""

import logging
from collections.abc import Callable
from itertools import islice

from chalicelib.domain.errors import ShopperError
from chalicelib.domain.instant import Instant, seconds
from chalicelib.domain.session import Session
from chalicelib.domain.turn import Turn, place
from chalicelib.ports import Ports

log = logging.getLogger(__name__)

_LATE_SECONDS = 60.0  # a message and a cold start take seconds: after this the one that was called is not coming


def under_way(turn: Turn | None, now: Instant) -> bool:
    """Is somebody called to go on who may still come? Then the clock's run has nothing to do."""
    return turn is not None and now < turn.until


def woken(ports: Ports, name: str, run: Callable[[Ports, Turn | None], None]) -> bool:
    """What the clock's wake-up does: `run`, unless somebody is called to go on; False when nothing was done."""
    turn = ports.health.turn(name)
    if under_way(turn, ports.clock.now()):
        return False
    run(ports, turn)
    return True


def take(ports: Ports, name: str, turn: Turn | None, work: Callable[[list[Session]], None], size: int) -> bool:
    """Give live sessions to `work`, `size` at a time, from where the last run stopped; True when the round is done.

    `turn`: the sweep's, as stored. `work` sees to it that one session's trouble does not keep back the others.
    """
    began = ports.clock.now()
    limit = seconds(ports.settings.policy.sweep_seconds)
    left = iter(ports.sessions.live(after=turn.place if turn else None))
    while some := list(islice(left, size)):
        work(some)
        if ports.clock.now() - began >= limit:
            _hand_over(ports, name, place(some[-1]))
            return False
    if turn is not None:
        ports.health.save_turn(name, None)
    return True


def _hand_over(ports: Ports, name: str, reached: str) -> None:
    run = ports.settings.policy.sweep_seconds + _LATE_SECONDS
    try:
        ports.health.save_turn(name, Turn(place=reached, until=ports.clock.now() + seconds(run)))
    except ShopperError as error:
        log.error("sweep %s: where it stopped was not kept, it begins anew: %s", name, error)
    ports.wakeups.sweep(name)
