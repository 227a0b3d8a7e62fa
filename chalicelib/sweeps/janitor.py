"""Every fifteen minutes, with no table at all: what carries our tag and has outlived its hard max dies."""

import logging

from chalicelib.domain import tag as tags
from chalicelib.domain.errors import ProviderBusy, ProviderError, ShopperError
from chalicelib.domain.instance import Listing
from chalicelib.domain.instant import Instant, seconds
from chalicelib.ports import Ports, Provider
from chalicelib.usecases.destroying import destroy

log = logging.getLogger(__name__)

_TRIES = 3
_PATIENCE = 15.0  # seconds; markets were recorded to ask for ten


def run(ports: Ports) -> None:
    """Age is read off the tag. One provider that cannot be seen never keeps the others waiting."""
    for name in sorted(ports.providers):
        try:
            _clean(ports, ports.providers[name])
            ports.metrics.count("JanitorCompleted", 1, provider=name)
        except ProviderError as error:
            log.error("janitor: %s could not be seen whole: %s", name, error, extra={"provider": name})
        except Exception:
            log.exception("janitor: %s failed", name, extra={"provider": name})


def _clean(ports: Ports, provider: Provider) -> None:
    listing = _list(ports, provider)
    for instance in listing.instances:
        reading = tags.read(instance.tag, ports.settings.deployment, ports.secrets.signing_keys)
        if isinstance(reading, tags.Ours) and listing.taken_at >= _latest(ports, reading, listing.taken_at):
            _destroy(ports, provider, instance.id)


def _list(ports: Ports, provider: Provider) -> Listing:
    """The next pass comes in a quarter of an hour: a market that is busy is asked again in this one."""
    for _ in range(_TRIES - 1):
        try:
            return provider.list()
        except ProviderBusy as busy:
            ports.clock.sleep(min(busy.retry_after, _PATIENCE))
    return provider.list()


def _destroy(ports: Ports, provider: Provider, instance_id: str) -> None:
    for _ in range(_TRIES):
        trouble = destroy(provider, instance_id, "janitor: past the hard max by its tag")
        if not isinstance(trouble, ProviderBusy):
            return
        ports.clock.sleep(min(trouble.retry_after, _PATIENCE))


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
