"""Every fifteen minutes, with no table at all: what carries our tag and has outlived its hard max dies."""

import logging
from typing import NamedTuple

from chalicelib.domain import tag as tags
from chalicelib.domain.errors import ProviderBusy, ProviderError, ShopperError
from chalicelib.domain.instant import Instant, seconds
from chalicelib.ports import Ports, Provider
from chalicelib.usecases.destroying import destroy

log = logging.getLogger(__name__)

_TRIES = 3
_PATIENCE = 15.0  # seconds; markets were recorded to ask for ten


class _Again(NamedTuple):
    """What a market was too busy for. The next pass comes in a quarter of an hour: it is asked again in this one."""

    ids: list[str] | None
    """Machines to be destroyed; None: it was not even listed."""
    after: float
    """Seconds."""


def run(ports: Ports) -> None:
    """Age is read off the tag. One provider that cannot be seen, or is busy, never keeps the others waiting."""
    left = {name: _Again(None, 0.0) for name in sorted(ports.providers)}
    for _ in range(_TRIES):
        ports.clock.sleep(min(max((again.after for again in left.values()), default=0.0), _PATIENCE))
        tried = {name: _tried(ports, name, again.ids) for name, again in left.items()}
        left = {name: again for name, again in tried.items() if again is not None}
    for name in left:
        log.error("janitor: %s stays busy", name, extra={"provider": name})


def _tried(ports: Ports, name: str, ids: list[str] | None) -> _Again | None:
    """None when there is nothing to try again, be it that all is done or that it cannot be."""
    try:
        provider = ports.providers[name]
        if ids is None:
            ids = _overdue(ports, provider)
            ports.metrics.count("JanitorCompleted", 1, provider=name)
        return _destroyed(provider, ids)
    except ProviderBusy as busy:
        return _Again(None, busy.retry_after)
    except ProviderError as error:
        log.error("janitor: %s could not be seen whole: %s", name, error, extra={"provider": name})
    except Exception:
        log.exception("janitor: %s failed", name, extra={"provider": name})
    return None


def _overdue(ports: Ports, provider: Provider) -> list[str]:
    listing = provider.list()
    found = []
    for instance in listing.instances:
        reading = tags.read(instance.tag, ports.settings.deployment, ports.secrets.signing_keys)
        if isinstance(reading, tags.Ours) and listing.taken_at >= _latest(ports, reading, listing.taken_at):
            found.append(instance.id)
    return found


def _destroyed(provider: Provider, ids: list[str]) -> _Again | None:
    troubles = {name: destroy(provider, name, "janitor: past the hard max by its tag") for name in ids}
    busy = {name: trouble.retry_after for name, trouble in troubles.items() if isinstance(trouble, ProviderBusy)}
    return _Again([*busy], max(busy.values())) if busy else None


def _latest(ports: Ports, reading: tags.Ours, now: Instant) -> Instant:
    """When this machine must be gone at the latest; the overrides are asked only about one past the hard max."""
    policy = ports.settings.policy
    grace = seconds(policy.janitor_grace_seconds)
    limit = reading.created_at + seconds(policy.hard_max_seconds) + grace
    if now < limit:
        return limit
    try:
        until = ports.overrides.until(reading.session_id)
    except ShopperError as error:
        log.error("janitor: overrides cannot be read, waiting until 24 h: %s", error)
        return max(limit, reading.created_at + seconds(policy.janitor_override_seconds))
    return limit if until is None else max(limit, until + grace)
