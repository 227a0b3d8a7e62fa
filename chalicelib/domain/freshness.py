"""When a market is due for the next look, and when what was seen there is too old to be called fresh."""

from chalicelib.domain.instant import Instant, Millis, seconds
from chalicelib.domain.policy import Policy

_EARLY = 0.1
"""Share of a pause that a look may come early: a timer that fires a moment sooner must not skip a whole turn."""


def is_stale(seen_at: Instant | None, now: Instant, policy: Policy) -> bool:
    return seen_at is None or now - seen_at > seconds(policy.inventory_ttl_seconds)


def asked_lately(last_asked: Instant | None, now: Instant, policy: Policy) -> bool:
    return last_asked is not None and now - last_asked <= seconds(policy.inventory_asked_window_seconds)


def is_due(tried_at: Instant, now: Instant, policy: Policy, *, asked: bool, limited: bool, empty: bool) -> bool:
    """Is it time to look again, after the look that began at `tried_at`?

    `asked`: somebody wants to see offers; `limited`: the market told us to slow down; `empty`: it has nothing to show.
    """
    return _passed(tried_at, now, _pause(policy, asked, limited, empty))


def is_spot_due(seen_at: Instant, now: Instant, policy: Policy) -> bool:
    """Is it time to look at the interruptible offers too, the oldest known of which are from `seen_at`?"""
    return _passed(seen_at, now, seconds(policy.inventory_ttl_seconds * policy.inventory_spot_factor))


def _passed(since: Instant, now: Instant, pause: Millis) -> bool:
    return now - since >= (1 - _EARLY) * pause


def _pause(policy: Policy, asked: bool, limited: bool, empty: bool) -> Millis:
    if limited:
        return seconds(policy.inventory_limited_seconds)
    if empty:
        return seconds(policy.inventory_empty_seconds)
    if asked:
        return seconds(min(policy.inventory_asked_seconds, policy.inventory_ttl_seconds))
    return seconds(policy.inventory_idle_seconds)
