"""Looking at the markets, by assumption: those that the benchmarks ask answer at once, and Lambda bills waiting."""

from itertools import count
from math import ceil
from typing import NamedTuple

from chalicelib.domain.freshness import is_due
from chalicelib.domain.instant import seconds
from chalicelib.domain.policy import Policy
from chalicelib.domain.schedule import WOKEN

OFFERS = 950
"""Of each kind, on-demand and interruptible, at Vast.ai: the largest market recorded had 945."""
PLACES = 100
"""Rows at TensorDock, all in one answer."""
_PAGE = 64  # rows in one answer of Vast.ai ...
_NEW = _PAGE - 1  # ... of which a further page repeats the last: it is asked for by that one's price
_ANSWER_SECONDS = 0.7  # of one search
_HOUR, _MONTH = 3600.0, 30 * 86_400.0


class Looks(NamedTuple):
    """What looking takes in some time. TensorDock's one call fits beside Vast.ai's, in the same function."""

    seconds: float
    """That the function is there. Its CPU falls into the waiting."""
    searches: float
    """Each takes a slot of the pace that all processes share."""
    snapshots: float
    """Of all offers of Vast.ai: written as a whole, over an older one."""
    small_snapshots: float
    """Of TensorDock's."""

    def times(self, factor: float) -> "Looks":
        return Looks(*(factor * part for part in self))


def pages(offers: int = OFFERS) -> int:
    """Searches for one kind of Vast.ai's offers; the last page is one that is not full."""
    return 1 + ceil(max(0, offers + 1 - _PAGE) / _NEW)


def idle_look(policy: Policy) -> Looks:
    """One after a long pause: both kinds; the first searches at once, each further one when its turn comes."""
    searches = 2 * pages()
    turn = max(0, searches - policy.vastai_search_burst) * _spacing(policy)
    waited = max(turn, (searches - 1) * _ANSWER_SECONDS)
    return Looks(seconds=waited + _ANSWER_SECONDS, searches=searches + 1, snapshots=1, small_snapshots=1)


def idle_looks_a_month(policy: Policy) -> float:
    """Each at the first wake-up at which the rule says that it is time."""
    wakes = (seconds(number * WOKEN["inventory"]) for number in count(1))
    pause = next(at for at in wakes if is_due(0, at, policy, asked=False, limited=False, empty=False))
    return seconds(_MONTH) / pause


def browsed_hour(policy: Policy) -> Looks:
    """Of somebody who looks at offers all the time: Vast.ai's searches then never end, at the rate that is allowed, and
    a snapshot is written when a kind has been read; TensorDock is asked each minute."""
    searches = _HOUR / _spacing(policy)
    small = _HOUR / policy.inventory_asked_seconds
    return Looks(seconds=_HOUR, searches=searches + small, snapshots=searches / pages(), small_snapshots=small)


def _spacing(policy: Policy) -> float:
    return policy.vastai_call_spacing_seconds * policy.vastai_search_spacing_factor
