"""The shared pace: one lane per provider and kind of call, kept in the table so that all processes together obey it."""

import logging

from chalicelib.domain.errors import ProviderBusy, ShopperError
from chalicelib.domain.instant import SECOND, seconds
from chalicelib.domain.policy import Policy
from chalicelib.ports import CallKind, Clock, RateRows

log = logging.getLogger(__name__)


class SharedPace:
    """The RateGate over rate rows."""

    def __init__(self, rows: RateRows, clock: Clock, policy: Policy) -> None:
        self._rows = rows
        self._clock = clock
        self._policy = policy

    def pass_through(self, provider: str, kind: CallKind, *, going_on: bool = False) -> None:
        spacing, burst = self._pace(provider, kind)
        if spacing <= 0:
            return
        now = self._clock.now()
        policy = self._policy
        latest = now + seconds(policy.rate_wait_going_on_seconds if going_on else policy.rate_wait_max_seconds)
        try:
            slot = self._rows.reserve(provider, kind, now, round(spacing * SECOND), burst, latest)
        except ShopperError:
            if kind not in ("destroy", "read"):
                raise
            # Looking and ending need no table: the janitor has none, and works when there is none.
            log.warning("provider %s: pace unknown, %s goes ahead", provider, kind, extra={"provider": provider})
            return
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
