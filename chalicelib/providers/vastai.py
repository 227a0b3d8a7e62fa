"""The Vast.ai market behind the `Provider` port."""

import re
from collections.abc import Sequence

from chalicelib.domain.billing import Billing
from chalicelib.domain.errors import ListIncomplete, OfferGone, ProviderDown
from chalicelib.domain.instance import Absent, Instance, Listing, Phase
from chalicelib.domain.instant import Instant
from chalicelib.domain.invoice import Charge
from chalicelib.domain.money import Micros, to_micros
from chalicelib.domain.offer import Offer
from chalicelib.ports import CallKind, Clock, LaunchOrder, Receipt
from chalicelib.providers import vastai_charges, vastai_create, vastai_instances, vastai_listing, vastai_offers
from chalicelib.providers.answer import Answer
from chalicelib.providers.clean import number
from chalicelib.providers.http import Http
from chalicelib.providers.vastai_answers import slug, succeeded, trouble

_ID = re.compile(r"[1-9][0-9]{0,17}")
_GONE = ("no_such_instance", "not_found")  # the first one is recorded, the second only documented

Offers = list[Offer]  # inside the class `list` is the method
Rows = list[object]


class VastAi:
    """`Provider`, for the account whose key `http` holds."""

    name = vastai_offers.NAME
    default_image = "vastai/base-image:@vastai-automatic-tag"  # the market picks the CUDA that the host's driver takes

    # The GPU by the second while the container runs, storage from creation until gone; nothing for a host that is away.
    billing = Billing(gpu_in=(Phase.RUNNING, Phase.REBOOTING, Phase.FROZEN, Phase.UNKNOWN), free_in=(Phase.OFFLINE,))

    def __init__(self, http: Http, clock: Clock) -> None:
        self._http = http
        self._clock = clock

    def search(self, *, spot: bool) -> Offers:
        found: dict[str, Offer] = {}
        for page in vastai_offers.pages(self._bundles, spot=spot):
            seen = vastai_offers.offers(page, spot=spot, fetched_at=self._clock.now())
            found.update((offer.id, offer) for offer in seen)  # one that moved to a later page is fresher there
        return [*found.values()]

    def quote(self, offer: Offer) -> Offer:
        asked = int(_checked(offer.provider_offer_id))
        query = vastai_offers.query(spot=offer.spot) | {"ask_contract_id": {"eq": asked}}
        rows = self._bundles(query, "read")  # somebody waits for this one: it must not queue behind the inventory
        quoted = vastai_offers.offers(rows, spot=offer.spot, fetched_at=self._clock.now())
        same = next((other for other in quoted if other.id == offer.id), None)
        if same is None or (same.gpu, same.gpu_count) != (offer.gpu, offer.gpu_count):
            raise OfferGone(f"vastai no longer offers {asked}")
        return same

    def create(self, order: LaunchOrder) -> Receipt:
        path = f"/api/v0/asks/{_checked(order.offer.provider_offer_id)}/"
        body = vastai_create.body(order, self.default_image, self._http.base_url)
        return vastai_create.receipt(self._http.call("create", "PUT", path, json=body), order)

    def attach_key(self, instance_id: str, public_key: str) -> None:
        answer = self._http.call("read", "POST", f"{_path(instance_id)}ssh/", json={"ssh_key": public_key})
        if not succeeded(answer) and "already" not in answer.text.lower():
            raise trouble(answer)

    def get(self, instance_id: str) -> Instance | Absent:
        answer = self._http.call("read", "GET", _path(instance_id))
        if answer.status == 404 and slug(answer) == "no_such_instance":
            return Absent(instance_id=instance_id)
        if not succeeded(answer) or "instances" not in answer.fields:
            raise trouble(answer)
        row = answer.fields["instances"]
        if row is None:
            return Absent(instance_id=instance_id)
        if isinstance(row, list) and len(row) == 1:
            row = row[0]
        found = vastai_instances.parse(row) if isinstance(row, dict) else None
        if found is None or found.id != instance_id:
            raise ProviderDown("vastai told of another machine, or of none that can be read")
        return found

    def list(self) -> Listing:
        taken_at = self._clock.now()
        try:
            machines = vastai_listing.machines(self._list_page)
        except ProviderDown as down:
            raise ListIncomplete(down.reason) from None
        return Listing(provider=self.name, taken_at=taken_at, instances=machines)

    def destroy(self, instance_id: str) -> None:
        answer = self._http.call("destroy", "DELETE", _path(instance_id), json={})
        if not succeeded(answer) and not (answer.status == 404 and slug(answer) in _GONE):
            raise trouble(answer)

    def balance(self) -> Micros | None:
        answer = self._http.call("read", "GET", "/api/v0/users/current/")
        if not succeeded(answer):
            raise trouble(answer)
        credit = number(answer.fields.get("credit"), -1e9, 1e9)
        dollars = number(answer.fields.get("balance"), -1e9, 1e9) if credit is None else credit
        return None if dollars is None else to_micros(dollars)

    def charges(self, since: Instant, until: Instant) -> Sequence[Charge]:
        return vastai_charges.charges(self._charges_page, since, until)

    def _charges_page(self, params: dict[str, str]) -> Answer:
        return self._http.call("read", "GET", vastai_charges.PATH, params=params)

    def _bundles(self, query: vastai_offers.Query, lane: CallKind = "search") -> Rows:
        answer = self._http.call(lane, "POST", "/api/v0/bundles/", json=query)
        rows = answer.fields.get("offers")
        if not succeeded(answer) or not isinstance(rows, list):
            raise trouble(answer)
        return rows

    def _list_page(self, params: dict[str, str]) -> Answer:
        further = vastai_listing.TOKEN in params
        return self._http.call("read", "GET", vastai_listing.PATH, params=params, going_on=further)


def _path(instance_id: str) -> str:
    return f"/api/v0/instances/{_checked(instance_id)}/"


def _checked(market_id: str) -> str:
    """The id, if it may stand in a URL."""
    if not _ID.fullmatch(market_id):
        raise ValueError(f"not an id of this market: {market_id[:40]!r}")
    return market_id
