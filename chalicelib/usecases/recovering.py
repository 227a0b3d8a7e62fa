"""Before a new release (or a restarted local service) creates anything, it must have seen what is already there."""

import msgspec

from chalicelib.domain.errors import ProviderDown, Stale
from chalicelib.domain.instant import seconds
from chalicelib.ports import Ports
from chalicelib.usecases.observing import listing
from chalicelib.usecases.reconciling import reconcile


def ready_to_create(ports: Ports, name: str) -> None:
    """Return when this release has reconciled the provider once, and the account was seen whole not long ago.

    Raises ProviderDown or ListIncomplete: the create waits, nothing else does.
    """
    state = ports.health.provider(name)
    if state.recovered_by != ports.settings.release:
        if reconcile(ports, name) is None:
            raise ProviderDown(f"{name}: the recovery pass could not see the account whole", retry_after=10.0)
        try:
            fresh = ports.health.provider(name)
            ports.health.save_provider(msgspec.structs.replace(fresh, recovered_by=ports.settings.release))
        except Stale:
            return  # the next create recovers once more: twice does no harm
    limit = seconds(ports.settings.policy.cannot_check_seconds)
    seen = ports.health.provider(name).last_complete_list_at
    if seen is None or ports.clock.now() - seen >= limit:
        listing(ports, name)
