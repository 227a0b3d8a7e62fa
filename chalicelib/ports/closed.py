"""A market in use whose key is not here: its name is known, every call is refused before it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from chalicelib.domain.billing import Billing
from chalicelib.domain.errors import ProviderAuth

if TYPE_CHECKING:
    from chalicelib.domain.instance import Absent, Instance, Listing
    from chalicelib.domain.instant import Instant
    from chalicelib.domain.money import Micros
    from chalicelib.domain.offer import Offer
    from chalicelib.ports.markets import LaunchOrder, Receipt

    Offers = list[Offer]  # inside the class `list` is the method


class ClosedMarket:
    """A Provider for functions that only need to know which markets there are, for a key that got lost, and for a
    market that was taken out of the settings while machines of it live.

    It raises ProviderAuth: that never means "gone", and where it matters it is told to the operator.
    """

    default_image = ""
    billing = Billing()

    def __init__(self, name: str) -> None:
        self.name = name

    def search(self, *, spot: bool) -> Offers:
        self._refuse()

    def quote(self, offer: Offer) -> Offer:
        self._refuse()

    def create(self, order: LaunchOrder) -> Receipt:
        self._refuse()

    def attach_key(self, instance_id: str, public_key: str) -> None:
        self._refuse()

    def get(self, instance_id: str) -> Instance | Absent:
        self._refuse()

    def list(self) -> Listing:
        self._refuse()

    def destroy(self, instance_id: str) -> None:
        self._refuse()

    def balance(self) -> Micros | None:
        self._refuse()

    def charges(self, since: Instant, until: Instant) -> None:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise ProviderAuth(f"{self.name} is not configured, or its key is not among the secrets of this function")
