"""TensorDock: a market of virtual machines, on demand only, told apart by their names alone."""

import re

from chalicelib.domain.billing import Billing
from chalicelib.domain.errors import ListIncomplete, OfferGone, ProviderDown
from chalicelib.domain.instance import Absent, Instance, Listing
from chalicelib.domain.instant import Instant
from chalicelib.domain.money import Micros
from chalicelib.domain.offer import Offer
from chalicelib.ports import Clock, LaunchOrder, Receipt
from chalicelib.providers.http import Http
from chalicelib.providers.tensordock_answers import INSTANCE_ID, complaint, raise_complaint, read_receipt
from chalicelib.providers.tensordock_instances import read_instance, read_instances
from chalicelib.providers.tensordock_launch import create_body
from chalicelib.providers.tensordock_offers import NAME, read_offers

_API = "/api/v2"
_GONE = 404
_GONE_BEFORE = re.compile(r"already (been )?(terminated|deleted)|not found", re.IGNORECASE)


class TensorDock:
    """The `Provider` port over API v2."""

    name = NAME
    default_image = "ubuntu2404_ml_everything"  # has the NVIDIA driver, and is offered in both network modes

    billing = Billing()  # the full rate from creation until gone, stopped or not

    def __init__(self, http: Http, clock: Clock, create_seconds: float) -> None:
        """Sees the organisation whose token `http` holds; a create is waited for that long."""
        self._http = http
        self._clock = clock
        self._create_seconds = create_seconds

    def search(self, *, spot: bool) -> list[Offer]:
        """One call for the whole market; it has nothing interruptible."""
        if spot:
            return []
        now = self._clock.now()
        answer = self._http.call("search", "GET", f"{_API}/locations")
        raise_complaint(answer)
        return read_offers(answer.body, now)

    def quote(self, offer: Offer) -> Offer:
        """The market answers for all offers at once or not at all."""
        for fresh in self.search(spot=False):
            if fresh.id == offer.id:
                return fresh
        raise OfferGone(f"{offer.id} is no longer on the market")

    def create(self, order: LaunchOrder) -> Receipt:
        body = create_body(order, order.image or self.default_image)
        answer = self._http.call("create", "POST", f"{_API}/instances", json=body, read_seconds=self._create_seconds)
        return read_receipt(answer, order.tag)

    def attach_key(self, instance_id: str, public_key: str) -> None:
        """Nothing to do: the create carried the key, twice over, and the API has no other way to install one."""

    def get(self, instance_id: str) -> Instance | Absent:
        answer = self._http.call("read", "GET", self._path(instance_id))
        if answer.status == _GONE:
            return Absent(instance_id=instance_id)
        raise_complaint(answer)
        return read_instance(answer.body, instance_id)

    def list(self) -> Listing:
        now = self._clock.now()
        try:
            answer = self._http.call("read", "GET", f"{_API}/instances")
            raise_complaint(answer)
        except ProviderDown as failure:
            raise ListIncomplete(failure.reason) from None
        return Listing(provider=NAME, taken_at=now, instances=read_instances(answer.body))

    def destroy(self, instance_id: str) -> None:
        answer = self._http.call("destroy", "DELETE", self._path(instance_id))
        told = complaint(answer.body)
        if answer.status == _GONE or (told and _GONE_BEFORE.search(told.text)):
            return
        raise_complaint(answer)
        if answer.text and not answer.is_json:
            raise ProviderDown(f"{NAME}: no answer of the API to the destroy of {instance_id}")

    def balance(self) -> Micros | None:
        """Unknown: this API has no call for it."""
        return None

    def charges(self, since: Instant, until: Instant) -> None:
        """There is no invoice to read."""

    def _path(self, instance_id: str) -> str:
        if not INSTANCE_ID.fullmatch(instance_id):
            raise ProviderDown(f"{instance_id!r} is not an id of {NAME}")
        return f"{_API}/instances/{instance_id}"
