"""A market behind its real adapter, held to what that market meant by the last answer of each call."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from chalicelib.domain.errors import (
    LaunchRefused,
    LaunchUncertain,
    ListIncomplete,
    ProviderAuth,
    ProviderBusy,
    ProviderError,
)
from chalicelib.domain.instance import Absent, Instance, Listing
from chalicelib.domain.instant import Instant
from chalicelib.domain.invoice import Charge
from chalicelib.domain.money import Micros
from chalicelib.domain.offer import Offer
from chalicelib.domain.policy import Policy
from chalicelib.ports import LaunchOrder, RateGate, Receipt
from chalicelib.providers.http import Http
from tests.simulation.kernel import Process, Violation
from tests.simulation.wire.network import Network, Reply, Request
from tests.simulation.wire.place import KEY, Call, Place

T = TypeVar("T")
Offers = list[Offer]  # inside the class `list` is the method


class Wired:
    """`Provider`: the real adapter and the real HTTP client on a network in virtual time."""

    def __init__(self, place: Place, gate: RateGate, policy: Policy) -> None:
        self.place = place
        self.market = market = place.market
        self.name = place.name
        self._calls: dict[Process | None, Call] = {}
        network = Network(market.kernel, self._answer)
        http = Http(place.name, place.url, KEY, policy, gate, market.kernel, network.session)
        self._adapter = place.adapter(http, policy.tensordock_create_seconds)
        market.patience = policy.tensordock_create_seconds if place.name == "tensordock" else policy.http_create_seconds
        self.default_image = self._adapter.default_image
        self.billing = market.billing  # by it the truth bills; what the adapter knows of billing is tested apart

    def search(self, *, spot: bool) -> Offers:
        return self.market.search(spot=spot)

    def quote(self, offer: Offer) -> Offer:
        return self._call("quote", offer, lambda: self._adapter.quote(offer))

    def create(self, order: LaunchOrder) -> Receipt:
        return self._call("create", order, lambda: self._adapter.create(order))

    def attach_key(self, instance_id: str, public_key: str) -> None:
        self._call("attach_key", instance_id, lambda: self._adapter.attach_key(instance_id, public_key))

    def get(self, instance_id: str) -> Instance | Absent:
        return self._call("get", instance_id, lambda: self._adapter.get(instance_id))

    def list(self) -> Listing:
        process = self.market.kernel.current
        try:
            found = self._call("list", None, self._adapter.list)
        except ProviderError as error:
            if process is not None:
                process.blind.add(self.name)
                self.market.failed(process)
            self.market.watch.log("list", self.name, type(error).__name__)
            raise
        if process is not None:
            process.blind.discard(self.name)
        return found

    def destroy(self, instance_id: str) -> None:
        self._call("destroy", instance_id, lambda: self._adapter.destroy(instance_id))

    def balance(self) -> Micros | None:
        return self._call("balance", None, self._adapter.balance)

    def charges(self, since: Instant, until: Instant) -> Sequence[Charge] | None:
        """The truth has no invoice; the adapters' reading of one is tested apart."""
        return self.market.charges(since, until)

    # --- inside

    def _answer(self, request: Request) -> Reply:
        return self.place.answer(request, self._calls[self.market.kernel.current])

    def _call(self, method: str, subject: object, work: Callable[[], T]) -> T:
        call = self._calls[self.market.kernel.current] = Call(method, subject, self.market.kernel.time)
        try:
            got = work()
        except ProviderError as error:
            _compare(call, error)
            raise
        _compare(call, got)
        return got


def _compare(call: Call, got: object) -> None:
    """What the adapter concludes is what the market meant, or less."""
    unsent = isinstance(got, ProviderBusy) and got.unsent
    if unsent and call.method != "create":
        return  # the repetition did not pass the gate
    if call.method == "list":
        right = _list_is_right(call, got)
    elif call.method == "balance" or call.sends == 0:
        right = True
    else:
        right = _means(call.meant, got)
    if not right:
        understood = f"meant {_short(call.meant)}, understood {_short(got)}"
        raise Violation("wire", f"{call.method} {_short(call.subject)}: {understood}")


def _list_is_right(call: Call, got: object) -> bool:
    pages = [*call.pages.values()]
    if isinstance(got, Listing):
        whole = [machine for page in pages if page is not None for machine in page]
        return None not in pages and _all_the_same(whole, [*got.instances])
    if isinstance(got, (ProviderAuth, ProviderBusy)):
        return type(got) is type(call.meant)
    # A list whose every page was good may be refused for what changed between two of them.
    return isinstance(got, ListIncomplete) and (None in pages or len(pages) > 1)


def _all_the_same(truth: list[Instance], read: list[Instance]) -> bool:
    known = {machine.id: machine for machine in truth}  # the later page is the fresher one
    return len(known) == len(read) and all(one.id in known and _means(known[one.id], one) for one in read)


def _means(meant: object, got: object) -> bool:
    if isinstance(meant, LaunchUncertain):
        return isinstance(got, LaunchUncertain) and got.instance_id == meant.instance_id
    if isinstance(meant, LaunchRefused):
        return isinstance(got, LaunchRefused) and got.kind == meant.kind
    if isinstance(meant, ProviderError):
        return type(got) is type(meant)
    if isinstance(meant, Instance):
        return isinstance(got, Instance) and _told_of(meant) == _told_of(got)
    if isinstance(meant, Offer):
        same = isinstance(got, Offer) and (got.id, got.gpu, got.gpu_count) == (meant.id, meant.gpu, meant.gpu_count)
        return same and isinstance(got, Offer) and abs(got.gpu_per_hour - meant.gpu_per_hour) < 1e-6
    return got == meant


def _short(what: object) -> str:
    return repr(what)[:300]


def _told_of(machine: Instance) -> tuple[object, ...]:
    reached = [(address.host, address.port) for address in machine.addresses]
    return (
        machine.id,
        machine.tag or None,
        machine.phase,
        machine.gpu,
        machine.gpu_count,
        machine.price_per_hour,
        reached,
    )
