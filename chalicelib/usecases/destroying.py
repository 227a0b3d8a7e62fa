"""The one place that asks a provider to destroy a machine."""

import logging

from chalicelib.domain.errors import ProviderError
from chalicelib.ports import Provider

log = logging.getLogger(__name__)


def destroy(provider: Provider, instance_id: str, why: str) -> ProviderError | None:
    """Ask once. The answer is noted for people and proves nothing: whoever needs it gone must look."""
    log.info("destroy %s at %s: %s", instance_id, provider.name, why, extra={"provider": provider.name, "reason": why})
    try:
        provider.destroy(instance_id)
    except ProviderError as error:
        log.warning("destroy %s at %s failed: %s", instance_id, provider.name, error, extra={"provider": provider.name})
        return error
    return None
