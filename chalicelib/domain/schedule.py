"""How often each sweep runs, and when one is missed."""

from collections.abc import Mapping

from chalicelib.domain.instant import Instant, seconds

EVERY: Mapping[str, float] = {
    "launch": 60.0,
    "expire": 60.0,
    "terminate": 60.0,
    "watch": 60.0,
    "reconcile": 300.0,
    "accrue": 300.0,
    "invoice": 86_400.0,
    "janitor": 900.0,
    "alert": 60.0,
    "inventory": 60.0,  # it decides itself whether a market is due
}
"""Seconds between two runs, by sweep."""

WOKEN: Mapping[str, float] = {**EVERY, "reconcile": 60.0}
"""Seconds between two wake-ups. A sweep woken more often than it runs decides itself whether it is due: a pass that
failed, was skipped or died is then made up for within the minute, not with the next pass."""

WITHOUT_TABLE = frozenset({"janitor"})
"""Sweeps whose function on AWS has no table: they cannot write down there that they completed."""

_EARLY = 15.0  # the clock that wakes has a jitter, and a pass that just misses its time would wait a whole minute

_NIGHTLY = 86_400.0
_MISSED_RUNS = 5  # one skipped or slow run is normal, five in a row are not


def due(name: str, last: Instant, now: Instant) -> bool:
    """Is it time for the next run, after the last good one?"""
    return now - last >= seconds(EVERY[name] - _EARLY)


def overdue(name: str, last: Instant | None, now: Instant, tick_seconds: float | None = None) -> bool:
    """Has this sweep not completed for several runs, or never? `tick_seconds` where another pace was set."""
    pace = max(EVERY[name], tick_seconds or 0.0)
    if last is None:
        return pace < _NIGHTLY  # a nightly one has not missed anything before its first night
    return now - last > seconds(_MISSED_RUNS * pace)
