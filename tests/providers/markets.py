"""The fake market as a `Market` of the contract suite."""

from chalicelib.domain.errors import LaunchUncertain, ListIncomplete, ProviderAuth, ProviderBusy, ProviderDown
from chalicelib.domain.offer import Offer
from tests.fakes.clock import ManualClock
from tests.fakes.provider import FakeProvider, an_offer


class FakeMarket:
    unknown_id = "fake-4711"

    def __init__(self) -> None:
        self.clock = ManualClock()
        spot = an_offer(9, id="fake:9:spot", spot=True, min_bid=0.1)
        self.provider = FakeProvider("fake", self.clock, [an_offer(n) for n in (1, 2, 3)] + [spot])

    def let_boot(self, instance_id: str) -> None:
        self.clock.advance(60)

    def let_die(self) -> None:
        self.clock.advance(self.provider.destroy_seconds)

    def withdraw(self, offer: Offer) -> None:
        self.provider.withdraw(offer.id)

    def rent_by_hand(self, tag: str) -> str:
        return self.provider.add(tag).id

    def break_credentials(self) -> None:
        self.provider.fail("*", ProviderAuth("key revoked"), times=None)

    def break_list(self) -> None:
        self.provider.fail("list", ListIncomplete("a page is missing"), times=None)

    def break_down(self) -> None:
        self.provider.fail("list", ListIncomplete("HTTP 500"), times=None)
        self.provider.fail("create", LaunchUncertain("HTTP 500"), times=None)
        self.provider.fail("*", ProviderDown("HTTP 500"), times=None)

    def limit(self) -> None:
        self.provider.fail("*", ProviderBusy("HTTP 429", retry_after=7.0), times=None)

    def lose_next_create(self) -> None:
        self.provider.fail("create", LaunchUncertain("timeout"), with_effect=True)

    def repair(self) -> None:
        self.provider.heal()
