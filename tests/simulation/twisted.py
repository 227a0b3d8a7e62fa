"""Markets as code with a mistake sees them: the same market, read wrongly."""

from typing import Any

import msgspec

from chalicelib.domain.errors import LaunchRefused, LaunchUncertain, ProviderError
from chalicelib.domain.instance import Absent, Instance, Listing, Phase
from chalicelib.ports import LaunchOrder, Provider, Receipt


class Twisted:
    """A market as code with a mistake sees it."""

    def __init__(self, inner: Provider) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class Retrying(Twisted):
    def create(self, order: LaunchOrder) -> Receipt:
        try:
            return self._inner.create(order)
        except LaunchUncertain:
            return self._inner.create(order)


class Hasty(Twisted):
    def create(self, order: LaunchOrder) -> Receipt:
        try:
            return self._inner.create(order)
        except LaunchUncertain as doubt:
            if doubt.instance_id:
                raise
            raise LaunchRefused("it did not answer, so nothing was created") from None


class Careless(Twisted):
    def get(self, instance_id: str) -> Instance | Absent:
        try:
            return self._inner.get(instance_id)
        except ProviderError:
            return Absent(instance_id=instance_id)


class StoppedIsGone(Twisted):
    def get(self, instance_id: str) -> Instance | Absent:
        found = self._inner.get(instance_id)
        down = isinstance(found, Instance) and found.phase is Phase.STOPPED
        return Absent(instance_id=instance_id) if down else found

    def list(self) -> Listing:
        listing = self._inner.list()
        up = tuple(instance for instance in listing.instances if instance.phase is not Phase.STOPPED)
        return msgspec.structs.replace(listing, instances=up)
