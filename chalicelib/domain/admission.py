"""May a machine be created at a provider now? Breakers and doubts stop creates; nothing ever stops a destroy."""

import msgspec

from chalicelib.domain.instant import Instant, seconds
from chalicelib.domain.policy import Policy

_MOST_COOLING = 200  # the row stays small; so many failures within an hour are not the hosts' any more
_TAKEN_FOR = seconds(3600.0)  # by then every inventory was read anew


class ProviderState(msgspec.Struct, frozen=True, kw_only=True):
    """What all processes know of one provider's health."""

    provider: str
    version: int = 0
    last_complete_list_at: Instant | None = None
    list_failing_since: Instant | None = None
    """First failed list after the last complete one; None while lists succeed."""
    auth_failed_at: Instant | None = None
    """When our credentials last failed; None once a call with them succeeded."""
    last_error: str | None = None
    failures_in_row: int = 0
    recent_creates: tuple[tuple[Instant, bool], ...] = ()
    """(when, succeeded) within the breaker's window."""
    open_until: Instant | None = None
    open_for_seconds: float = 0.0
    recovered_by: str | None = None
    """The release that last reconciled this provider before its first create."""
    destroy_stuck_since: Instant | None = None
    """Since when the longest unfinished destroy has been going on; None when none is."""
    low_credit: str | None = None
    """Why its credit is too little for what runs there; None while it is enough, or unknown."""
    cooling: tuple[tuple[str, Instant], ...] = ()
    """(machine id, until when): hosts that failed us lately."""
    taken: tuple[tuple[str, Instant], ...] = ()
    """(offer id, when): offers found, or made, taken; what the inventory says of them is older than that."""


def creates_blocked(state: ProviderState, now: Instant, policy: Policy) -> str | None:
    """Why no machine may be created there now, in words for /health and the 503; None when one may."""
    if state.auth_failed_at is not None:
        return "the provider refuses our credentials"
    blind_since = state.list_failing_since
    if blind_since is not None and now - blind_since >= seconds(policy.cannot_check_seconds):
        minutes = (now - blind_since) // 60_000
        return f"no complete list of machines for {minutes} minutes: {state.last_error}"
    stuck = state.destroy_stuck_since
    if stuck is not None and now - stuck >= seconds(policy.destroy_block_creates_seconds):
        return f"a destroy has been failing for {(now - stuck) // 60_000} minutes"
    if state.low_credit is not None:
        return state.low_credit
    if state.open_until is not None and now < state.open_until:
        return f"creates failed repeatedly: {state.last_error}"
    return None


def list_succeeded(state: ProviderState, taken_at: Instant) -> ProviderState:
    return msgspec.structs.replace(
        state, last_complete_list_at=taken_at, list_failing_since=None, auth_failed_at=None, last_error=None
    )


def list_failed(state: ProviderState, now: Instant, error: str, auth: bool) -> ProviderState:
    return msgspec.structs.replace(
        state,
        list_failing_since=state.list_failing_since or now,
        auth_failed_at=now if auth else state.auth_failed_at,
        last_error=error,
    )


def passed(state: ProviderState, stuck_since: Instant | None, low_credit: str | None) -> ProviderState:
    """Reconciliation has looked at it."""
    return msgspec.structs.replace(state, destroy_stuck_since=stuck_since, low_credit=low_credit)


def machine_failed(state: ProviderState, machine_id: str, now: Instant, policy: Policy) -> ProviderState:
    """Nobody who does not name it is given this machine for a while."""
    others = tuple((known, until) for known, until in state.cooling if until > now and known != machine_id)
    until = now + seconds(policy.machine_cooldown_seconds)
    return msgspec.structs.replace(state, cooling=(*others, (machine_id, until))[-_MOST_COOLING:])


def cooling(state: ProviderState, now: Instant) -> frozenset[str]:
    """Ids of the machines that failed lately."""
    return frozenset(machine_id for machine_id, until in state.cooling if until > now)


def offer_taken(state: ProviderState, offer_id: str, now: Instant) -> ProviderState:
    """Nobody who does not name it is given this offer until the inventory shows it anew."""
    others = tuple((known, at) for known, at in state.taken if at > now - _TAKEN_FOR and known != offer_id)
    return msgspec.structs.replace(state, taken=(*others, (offer_id, now))[-_MOST_COOLING:])


def probed(state: ProviderState, now: Instant) -> ProviderState:
    """The breaker stays open while one create is tried; if nobody tells of its end, as long as the last time."""
    return msgspec.structs.replace(state, open_until=now + seconds(state.open_for_seconds))


def undecided(state: ProviderState, now: Instant) -> ProviderState:
    """The one create that was tried tells nothing; a breaker that was closed meanwhile stays closed."""
    return state if state.open_until is None else msgspec.structs.replace(state, open_until=now)


def create_ended(
    state: ProviderState, now: Instant, succeeded: bool, error: str | None, policy: Policy
) -> ProviderState:
    """Count one create. The breaker opens after a row of failures or a bad share; each reopening lasts longer."""
    horizon = now - seconds(policy.breaker_window_seconds)
    recent = (*(call for call in state.recent_creates if call[0] > horizon), (now, succeeded))[-50:]
    if succeeded:
        return msgspec.structs.replace(
            state, failures_in_row=0, recent_creates=recent, open_until=None, open_for_seconds=0.0
        )
    row = state.failures_in_row + 1
    failed = sum(1 for _, good in recent if not good)
    too_many = len(recent) >= policy.breaker_calls and failed >= policy.breaker_share * len(recent)
    after = msgspec.structs.replace(state, failures_in_row=row, recent_creates=recent, last_error=error)
    if row < policy.breaker_failures and not too_many:
        return after
    pause = min(max(policy.breaker_open_seconds, 2 * state.open_for_seconds), policy.breaker_open_max_seconds)
    return msgspec.structs.replace(after, open_until=now + seconds(pause), open_for_seconds=pause)
