"""Look at a provider, and let everybody know how the looking went."""

import logging
from collections.abc import Callable

from msgspec import UnsetType

from chalicelib.domain import admission
from chalicelib.domain.admission import ProviderState
from chalicelib.domain.errors import ProviderAuth, ProviderDown, ProviderError, Stale
from chalicelib.domain.instance import Listing
from chalicelib.domain.instant import Instant, seconds
from chalicelib.domain.offer import Offer
from chalicelib.domain.scaling import unscaled
from chalicelib.ports import Ports, Provider
from chalicelib.ports.closed import ClosedMarket

log = logging.getLogger(__name__)

_FRESH_SECONDS = 20.0  # good news is written down at most this often: it only matters after minutes of silence


def provider_named(ports: Ports, name: str) -> Provider:
    """One that was taken out of the settings while sessions of it live refuses every call as one without a key does:
    their ends are asked for again and again, and told as stuck."""
    if name in ports.providers:
        return ports.providers[name]
    return ClosedMarket(name)


def listing(ports: Ports, name: str) -> Listing:
    """A complete list taken now; success and failure are noted. Raises ListIncomplete and its kin."""
    provider = provider_named(ports, name)
    try:
        found = provider.list()
    except ProviderError as error:
        auth, reason, now = isinstance(error, ProviderAuth), str(error), ports.clock.now()
        _note(ports, name, lambda state: admission.list_failed(state, now, reason, auth))
        raise
    state = ports.health.provider(name)
    stale = state.last_complete_list_at is None or (
        found.taken_at - state.last_complete_list_at >= seconds(_FRESH_SECONDS)
    )
    if stale or state.list_failing_since is not None or state.auth_failed_at is not None:
        _note(ports, name, lambda state: admission.list_succeeded(state, found.taken_at), state)
    return found


def passed(ports: Ports, name: str, stuck_since: Instant | None, credit: str | UnsetType | None) -> None:
    """What a pass of reconciliation saw: since when the longest unfinished destroy has been going on, and why the
    credit is too little, None if it is not; unset is not known. Creates are refused for either."""

    def seen(state: ProviderState) -> ProviderState:
        low = state.low_credit if isinstance(credit, UnsetType) else credit
        return admission.passed(state, stuck_since, low)

    state = ports.health.provider(name)
    if seen(state) != state:
        _note(ports, name, seen, state)


def machine_failed(ports: Ports, name: str, machine_id: str) -> None:
    """This host gave a machine that could not be used: for a while none of it is chosen for anybody."""
    now = ports.clock.now()
    policy = ports.settings.policy
    _note(ports, name, lambda state: admission.machine_failed(state, machine_id, now, policy))


def offer_gone(ports: Ports, offer: Offer) -> None:
    """Somebody has it: whoever chooses next need not ask for it until the inventory shows it again."""
    now = ports.clock.now()
    _note(ports, offer.provider, lambda state: admission.offer_taken(state, unscaled(offer).id, now))


def create_ended(ports: Ports, offer: Offer, error: ProviderError | None) -> None:
    """Count one create call for the breaker, and failed credentials for everybody; what was rented is taken."""
    name = offer.provider
    now = ports.clock.now()
    policy = ports.settings.policy
    reason = str(error) if error else None
    if isinstance(error, ProviderAuth):
        _note(ports, name, lambda state: admission.list_failed(state, now, reason or "", auth=True))
    taken = error is None and offer.max_gpu_count is None  # where the buyer chooses, there may be more of it

    def ended(state: ProviderState) -> ProviderState:
        after = admission.create_ended(state, now, error is None, reason, policy)
        return admission.offer_taken(after, offer.id, now) if taken else after

    _note(ports, name, ended)


def probe(ports: Ports, name: str) -> bool:
    """Where the breaker has let go, one create is let through to see whether the market is well again; the others wait
    for what becomes of it. Is this that one? Raises ProviderDown for the others."""
    state, now = ports.health.provider(name), ports.clock.now()
    if state.open_until is None:
        return False
    try:
        if now < state.open_until:
            raise Stale("somebody was faster")
        ports.health.save_provider(admission.probed(state, now))
    except Stale:
        raise ProviderDown(f"{name}: another create tries whether it is well again", retry_after=10.0) from None
    return True


def probe_undecided(ports: Ports, name: str) -> None:
    """What became of it says nothing about the market: the next create may try."""
    now = ports.clock.now()
    _note(ports, name, lambda state: admission.undecided(state, now))


def _note(
    ports: Ports, name: str, change: Callable[[ProviderState], ProviderState], known: ProviderState | None = None
) -> None:
    """Read, change, write; a few times if others write too. Health is advice: losing one note harms nothing.

    `known`: as it was read just now."""
    for _ in range(4):
        try:
            ports.health.save_provider(change(known or ports.health.provider(name)))
        except Stale:
            known = None
            continue
        return
    log.warning("provider %s: health note lost to concurrent writers", name, extra={"provider": name})
