"""The shared pace: lanes per provider and kind of call, kept in the table so that all processes together obey it.

Where the table cannot be reached, and the janitor has none, a process keeps the pace by itself.
"""

import logging

from chalicelib.domain.errors import ProviderBusy, ShopperError
from chalicelib.domain.instant import SECOND, Instant, seconds
from chalicelib.domain.policy import Policy
from chalicelib.ports import CallKind, Clock, RateRows

log = logging.getLogger(__name__)


class OwnRates:
    """`RateRows` of this one process."""

    def __init__(self) -> None:
        self._idle_at: dict[tuple[str, CallKind], Instant] = {}

    def reserve(
        self, provider: str, kind: CallKind, now: Instant, spacing_ms: int, burst: int, latest: Instant | None = None
    ) -> Instant:
        slot = max(now, self._idle_at.get((provider, kind), now))
        if latest is None or slot <= latest:
            self._idle_at[provider, kind] = slot + spacing_ms
        return slot


class SharedPace:
    """The RateGate over rate rows."""

    def __init__(self, rows: RateRows, clock: Clock, policy: Policy) -> None:
        self._rows = rows
        self._own = OwnRates()
        self._clock = clock
        self._policy = policy

    def pass_through(self, provider: str, kind: CallKind, *, going_on: bool = False) -> None:
        spacing, burst = self._pace(provider, kind)
        if spacing <= 0:
            return
        lane: CallKind = kind
        if provider == "tensordock" and kind != "destroy":
            lane = "read"  # its limit is one for all calls; only an end goes past the others
        now = self._clock.now()
        policy = self._policy
        latest = now + seconds(policy.rate_wait_going_on_seconds if going_on else policy.rate_wait_max_seconds)
        try:
            slot = self._rows.reserve(provider, lane, now, round(spacing * SECOND), burst, latest)
        except ShopperError:
            if kind not in ("destroy", "read"):
                raise
            # Looking and ending need no table: the janitor has none, and works when there is none.
            log.warning("provider %s: the pace of %s is our own", provider, kind, extra={"provider": provider})
            slot = self._own.reserve(provider, lane, now, round(spacing * SECOND), burst, latest)
        if slot > latest:
            raise ProviderBusy(f"{provider}: our own limit for {kind} calls", (slot - now) / SECOND, unsent=True)
        if slot > now:
            self._clock.sleep((slot - now) / SECOND)

    def _pace(self, provider: str, kind: CallKind) -> tuple[float, int]:
        """(seconds between calls, how many may come at once) for this lane."""
        policy = self._policy
        if provider == "tensordock":
            return (60.0 / policy.tensordock_calls_per_minute if policy.tensordock_calls_per_minute else 0.0), 5
        if kind == "create":
            return policy.vastai_create_spacing_seconds, 1
        if kind == "search":
            return policy.vastai_call_spacing_seconds * policy.vastai_search_spacing_factor, policy.vastai_search_burst
        return policy.vastai_call_spacing_seconds, 1
