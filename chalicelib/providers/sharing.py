"""One list for everybody who asks at the same time: a hundred endings must not cost a hundred lists."""

from collections.abc import Sequence
from threading import Condition

from chalicelib.domain.instance import Absent, Instance, Listing
from chalicelib.domain.instant import Instant
from chalicelib.domain.invoice import Charge
from chalicelib.domain.money import Micros
from chalicelib.domain.offer import Offer
from chalicelib.ports import LaunchOrder, Provider, Receipt

Offers = list[Offer]  # inside the class `list` is the method


class SharedList:
    """A Provider whose threads share their lists; everything else goes straight through.

    A caller never gets a list that began before it asked: it joins the next one, not the one under way. So
    whatever may be concluded from a list of one's own may be concluded from this one.
    """

    def __init__(self, provider: Provider) -> None:
        self.name = provider.name
        self.default_image = provider.default_image
        self.billing = provider.billing
        self._provider = provider
        self._change = Condition()
        self._begun = 0
        self._ended = 0
        self._outcome: Listing | BaseException | None = None

    def list(self) -> Listing:
        with self._change:
            wanted = self._begun + 1
            while self._ended < self._begun < wanted:
                self._change.wait()
            if self._begun >= wanted:  # somebody else began the one we want
                while self._ended < wanted:
                    self._change.wait()
                return self._told()
            self._begun = wanted
        outcome: Listing | BaseException
        try:
            outcome = self._provider.list()
        except BaseException as error:
            outcome = error
        with self._change:
            self._ended = wanted
            self._outcome = outcome
            self._change.notify_all()
            return self._told()

    def search(self, *, spot: bool) -> Offers:
        return self._provider.search(spot=spot)

    def quote(self, offer: Offer) -> Offer:
        return self._provider.quote(offer)

    def create(self, order: LaunchOrder) -> Receipt:
        return self._provider.create(order)

    def attach_key(self, instance_id: str, public_key: str) -> None:
        self._provider.attach_key(instance_id, public_key)

    def get(self, instance_id: str) -> Instance | Absent:
        return self._provider.get(instance_id)

    def destroy(self, instance_id: str) -> None:
        self._provider.destroy(instance_id)

    def balance(self) -> Micros | None:
        return self._provider.balance()

    def charges(self, since: Instant, until: Instant) -> Sequence[Charge] | None:
        return self._provider.charges(since, until)

    def _told(self) -> Listing:
        if isinstance(self._outcome, BaseException):
            raise self._outcome
        if self._outcome is None:
            raise RuntimeError("nobody has looked yet")
        return self._outcome
