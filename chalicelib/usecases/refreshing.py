"""Look at the markets that are due, and keep what they offer."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from chalicelib.domain.errors import ProviderBusy, ProviderError, ShopperError
from chalicelib.domain.freshness import asked_lately, is_due, is_spot_due, is_stale
from chalicelib.domain.instant import SECOND, Instant, seconds
from chalicelib.domain.offer import Offer
from chalicelib.domain.trend import hour_of, observe
from chalicelib.ports import Ports, Snapshot, SnapshotHead

log = logging.getLogger(__name__)

Look = Callable[[], None]

_LONG = seconds(2.0)
"""When the on-demand offers took so long, and somebody waits for them, they are published at once: the interruptible
ones will take longer still."""
_WAITS = 15
"""Of `_LONG` each, for somebody else's look to end."""
LONGEST = seconds(600.0)
"""A look takes no longer on Lambda, for that is what its function has. Searches are rationed: most of it is waiting."""


def side_by_side(looks: Sequence[Look]) -> None:
    """Each in a thread of its own: a slow market delays the end of this function, and no other market."""
    if looks:
        with ThreadPoolExecutor(len(looks)) as pool:
            for ended in [pool.submit(look) for look in looks]:
                ended.result()


def refresh(
    ports: Ports, together: Callable[[Sequence[Look]], None] = side_by_side, *, everything: bool = False
) -> None:
    """Look at every market that is due and that nobody else is looking at; `together` runs the looks. `everything`:
    due or not, the interruptible offers too.

    What fails is noted on the market's snapshot, whose offers stay as they were, and reaches no other market.
    """
    now = ports.clock.now()
    asked = asked_lately(ports.inventory.last_asked(), now, ports.settings.policy)
    due = [name for name in ports.providers if everything or _is_due(ports, ports.inventory.head(name), now, asked)]
    together([partial(_claimed_look, ports, name, asked, everything) for name in due])


def _is_due(ports: Ports, head: SnapshotHead | None, now: Instant, asked: bool) -> bool:
    if head is None:
        return True
    empty = head.fetched_at is None
    return is_due(head.tried_at, now, ports.settings.policy, asked=asked, limited=head.limited, empty=empty)


def _claimed_look(ports: Ports, name: str, asked: bool, everything: bool) -> None:
    for _ in range(_WAITS if everything else 0):
        if _looked(ports, name, asked, everything):
            return
        ports.clock.sleep(_LONG / SECOND)  # somebody looks who began before this was asked for
    _looked(ports, name, asked, everything)


def _looked(ports: Ports, name: str, asked: bool, everything: bool) -> bool:
    """False when somebody else is looking."""
    began = ports.clock.now()
    until = _claimed_until(ports, began)
    if not ports.inventory.claim(name, began, until):
        return False
    try:
        head = ports.inventory.head(name)
        if everything or _is_due(ports, head, began, asked):  # else somebody has just looked
            _look(ports, name, head, began, everything)
    finally:
        ports.inventory.release(name, until)
    return True


def _claimed_until(ports: Ports, began: Instant) -> Instant:
    """Whoever died while looking blocks the market no longer than what was seen before stays fresh. On Lambda the clock
    wakes the next look beside a long one, and the two would take each other's searches: there it is as long as its
    function may run."""
    fresh = seconds(ports.settings.policy.inventory_ttl_seconds)
    return began + (fresh if ports.settings.is_local else max(fresh, LONGEST))


def _look(ports: Ports, name: str, head: SnapshotHead | None, began: Instant, everything: bool) -> None:
    try:
        offers = _search(ports, name, head, began, everything)
    except ProviderError as failure:
        ports.inventory.mark_failed(name, began, _reason(failure), isinstance(failure, ProviderBusy))
    except Exception as bug:
        log.exception("provider %s: an unforeseen failure while looking at its offers", name, extra={"provider": name})
        ports.inventory.mark_failed(name, began, f"internal error: {type(bug).__name__}", False)
    else:
        _remember_prices(ports, name, head, began, offers)


def _remember_prices(
    ports: Ports, name: str, head: SnapshotHead | None, began: Instant, offers: Sequence[Offer]
) -> None:
    """By the first look of each hour. One that is not written down is missing in a chart, and nowhere else."""
    if head is not None and head.fetched_at is not None and hour_of(head.fetched_at) >= hour_of(began):
        return
    try:
        ports.prices.record(observe(name, offers, began))
    except ShopperError as error:
        log.warning("provider %s: the prices of this hour were not kept: %s", name, error, extra={"provider": name})


def _search(ports: Ports, name: str, head: SnapshotHead | None, began: Instant, everything: bool) -> Sequence[Offer]:
    """On-demand offers first; the interruptible ones less often, and those known go on being shown until then. Returns
    what was published last."""
    policy = ports.settings.policy
    provider = ports.providers[name]
    on_demand = provider.search(spot=False)
    known = _known_spot(ports, head, began)
    if known and not everything and not is_spot_due(min(offer.fetched_at for offer in known), began, policy):
        return _publish(ports, name, began, on_demand, known)
    if _somebody_waits(ports, head, began, everything):
        _publish(ports, name, began, on_demand, known)
    try:
        spot = provider.search(spot=True)
    except ProviderError as failure:
        error = f"{'older' if known else 'no'} interruptible offers: {_reason(failure)}"
        return _publish(ports, name, began, on_demand, known, error, isinstance(failure, ProviderBusy))
    return _publish(ports, name, began, on_demand, spot)


def _somebody_waits(ports: Ports, head: SnapshotHead | None, began: Instant, everything: bool) -> bool:
    """For the on-demand offers, longer than they should. Each publication writes all offers anew, and is billed by
    their size: where nobody asks one is enough. Asked again here, for the search may have taken minutes."""
    now = ports.clock.now()
    seen_at = head.fetched_at if head else None
    if seen_at is None:
        return True
    if now - began < _LONG and not is_stale(seen_at, now, ports.settings.policy):
        return False
    return everything or asked_lately(ports.inventory.last_asked(), now, ports.settings.policy)


def _known_spot(ports: Ports, head: SnapshotHead | None, now: Instant) -> list[Offer]:
    """Interruptible offers of earlier looks, as long as they are no older than offers get when nobody asks."""
    snapshot = ports.inventory.get(head.provider) if head and head.count else None
    if snapshot is None:
        return []
    oldest = now - seconds(ports.settings.policy.inventory_idle_seconds)
    return [offer for offer in snapshot.offers if offer.spot and offer.fetched_at >= oldest]


def _publish(
    ports: Ports,
    name: str,
    began: Instant,
    on_demand: list[Offer],
    spot: list[Offer],
    error: str | None = None,
    limited: bool = False,
) -> Sequence[Offer]:
    """With an `error` the on-demand offers are fresh all the same: a look that failed as a whole publishes nothing."""
    offers = (*on_demand, *spot)
    ports.inventory.put(
        Snapshot(provider=name, offers=offers, fetched_at=began, tried_at=began, error=error, limited=limited)
    )
    return offers


def _reason(failure: ProviderError) -> str:
    return failure.reason or type(failure).__name__
