"""A market in memory that does what it is told, including everything real markets do wrong."""

from collections.abc import Iterable

import msgspec

from chalicelib.domain.billing import Billing
from chalicelib.domain.errors import LaunchUncertain, OfferGone, ProviderDown
from chalicelib.domain.instance import Absent, Address, Instance, Listing, OpenPort, Phase
from chalicelib.domain.instant import Instant, seconds
from chalicelib.domain.invoice import Charge
from chalicelib.domain.money import Micros
from chalicelib.domain.offer import Offer, price_per_hour
from chalicelib.domain.scaling import scaled, unscaled
from chalicelib.ports import Clock, LaunchOrder, Receipt
from tests.fakes.machine import Machine
from tests.fakes.script import Fault, Method, Script

Offers = list[Offer]  # inside the class `list` is the method
Machines = list[Machine]


class FakeProvider(Script):
    """`Provider` with a script. Nothing in it is random, and only the clock moves it."""

    default_image = "fake/image"
    billing = Billing()

    def __init__(
        self,
        name: str,
        clock: Clock,
        offers: Iterable[Offer] = (),
        *,
        boot_seconds: float | None = 60.0,
        destroy_seconds: float = 0.0,
        list_lag_seconds: float = 0.0,
        credit: Micros | None = None,
    ) -> None:
        """`boot_seconds` None: machines never boot. `destroy_seconds` pass from an accepted destroy to the end of
        billing. `list_lag_seconds`: lists tell of the world that long ago, as if it were now."""
        super().__init__(clock)
        self.name = name
        self.offers = {offer.id: offer for offer in offers}
        self.boot_seconds = boot_seconds
        self.destroy_seconds = destroy_seconds
        self.list_lag_seconds = list_lag_seconds
        self.credit = credit
        self.machines: dict[str, Machine] = {}
        self.invoice: tuple[Charge, ...] | None = None

    # --- the port

    def search(self, *, spot: bool) -> Offers:
        self._obey("search")
        return [self._stamped(offer) for offer in self.offers.values() if offer.spot is spot]

    def quote(self, offer: Offer) -> Offer:
        self._obey("quote", offer.id)
        return self._stamped(self._offered(offer.id))

    def create(self, order: LaunchOrder) -> Receipt:
        fault = self.enter("create", order.tag)
        if fault is None:
            return Receipt(instance_id=self._rent(order).id)
        made = [self._rent(order, fault) for _ in range(fault.machines if fault.with_effect else 0)]
        if isinstance(fault.error, LaunchUncertain) and fault.names_it and made:
            raise LaunchUncertain(fault.error.reason, made[0].id)
        if fault.error is not None:
            raise fault.error
        return Receipt(instance_id=made[0].id)

    def attach_key(self, instance_id: str, public_key: str) -> None:
        self._obey("attach_key", instance_id)
        machine = self.machines.get(instance_id)
        if machine is None or not machine.seen_at(self.clock.now()):
            raise ProviderDown(f"no machine {instance_id} to attach a key to")
        if public_key not in machine.keys:
            machine.keys.append(public_key)

    def get(self, instance_id: str) -> Instance | Absent:
        lied_to = self._obey("get", instance_id) is not None
        machine = self.machines.get(instance_id)
        now = self.clock.now()
        if lied_to or machine is None or not machine.seen_at(now):
            return Absent(instance_id=instance_id)
        return machine.described(self.name, now)

    def list(self) -> Listing:
        lied_to = self._obey("list") is not None
        now = self.clock.now()
        then = now - seconds(self.list_lag_seconds)
        seen = () if lied_to else tuple(m.described(self.name, then) for m in self.machines.values() if m.seen_at(then))
        return Listing(provider=self.name, taken_at=now, instances=seen)

    def destroy(self, instance_id: str) -> None:
        fault = self.enter("destroy", instance_id)
        machine = self.machines.get(instance_id)
        if machine is not None and (fault is None or fault.with_effect):
            self._end(machine, self.destroy_seconds)
        if machine is not None and fault is not None and fault.stops:
            machine.phase = Phase.STOPPED
        if fault is not None and fault.error is not None:
            raise fault.error

    def balance(self) -> Micros | None:
        self._obey("balance")
        return self.credit

    def charges(self, since: Instant, until: Instant) -> tuple[Charge, ...] | None:
        return self.invoice

    # --- what happens without us

    def add(self, tag: str | None, offer: Offer | None = None, *, age_seconds: float = 0.0) -> Machine:
        """Somebody rented a machine by hand, that long ago; `tag` may be anything."""
        rented = offer or next(iter(self.offers.values()))
        now = self.clock.now()
        machine = self._made(tag, rented, None, price_per_hour(rented, 0), now - seconds(age_seconds), now)
        machine.surfaces_at = machine.created_at
        return machine

    def set_phase(self, instance_id: str, phase: Phase | None) -> None:
        """It stops, fails or turns unknown by itself; None lets it boot on as if nothing had been."""
        self.machines[instance_id].phase = phase

    def vanish(self, instance_id: str) -> None:
        """Gone without a destroy, and no longer billed."""
        self._end(self.machines[instance_id], 0.0)

    def revive(self, instance_id: str) -> None:
        """A machine that was gone is back, and billed again."""
        machine = self.machines[instance_id]
        if machine.destroyed_at is not None:
            machine.prices += [(machine.destroyed_at, 0), (self.clock.now(), machine.prices[-1][1])]
            machine.destroyed_at = None

    def reprice(self, instance_id: str, price: Micros) -> None:
        """The running machine costs another price per hour from now on."""
        self.machines[instance_id].prices.append((self.clock.now(), price))

    def offer(self, offer: Offer) -> None:
        """Put it on the market, or change it there."""
        self.offers[offer.id] = offer

    def withdraw(self, offer_id: str) -> None:
        """Taken off the market."""
        del self.offers[offer_id]

    # --- the truth

    def live(self, tag: str | None = None) -> Machines:
        """Machines that exist and bill now, seen or not; of one tag, if given."""
        now = self.clock.now()
        return [m for m in self.machines.values() if m.lives_at(now) and tag in (None, m.tag)]

    def cost(self) -> Micros:
        """What all machines have truly cost so far."""
        return sum(machine.cost_at(self.clock.now()) for machine in self.machines.values())

    # --- inside

    def _obey(self, method: Method, subject: str = "") -> Fault | None:
        fault = self.enter(method, subject)
        if fault is not None and fault.error is not None:
            raise fault.error
        return fault

    def _offered(self, offer_id: str) -> Offer:
        if offer_id not in self.offers:
            raise OfferGone(f"{offer_id} is not on the market")
        return self.offers[offer_id]

    def _stamped(self, offer: Offer) -> Offer:
        return msgspec.structs.replace(offer, fetched_at=self.clock.now())

    def _rent(self, order: LaunchOrder, fault: Fault | None = None) -> Machine:
        rented = scaled(self._offered(unscaled(order.offer).id), order.offer.gpu_count)
        if order.bid_per_hour is not None:
            rented = msgspec.structs.replace(rented, gpu_per_hour=order.bid_per_hour)
        price = price_per_hour(rented, order.disk_gb)
        now = self.clock.now()
        late = seconds(fault.surfaces_after) if fault is not None else 0
        tag = fault.tag if fault is not None and fault.tag is not None else order.tag
        return self._made(tag, rented, order, price, now, now + late)

    def _made(
        self, tag: str | None, offer: Offer, order: LaunchOrder | None, price: Micros, at: Instant, surfaces_at: Instant
    ) -> Machine:
        number = len(self.machines) + 1
        address = Address(host=f"192.0.2.{number % 254 + 1}", port=22000 + number % 10000, user="root")
        asked = enumerate(dict.fromkeys(order.ports if order is not None else ()))
        outer = {inner: 40000 + 16 * (number % 1000) + index for index, inner in asked} | {22: address.port}
        machine = Machine(
            id=f"{self.name}-{number}",
            tag=tag,
            offer=offer,
            order=order,
            created_at=at,
            surfaces_at=surfaces_at,
            runs_at=None if self.boot_seconds is None else at + seconds(self.boot_seconds),
            address=address,
            ports=tuple(OpenPort(port=one, host=address.host, external_port=outer[one]) for one in outer),
            prices=[(at, price)],
            keys=[order.ssh_public_key] if order is not None else [],
        )
        self.machines[machine.id] = machine
        return machine

    def _end(self, machine: Machine, after: float) -> None:
        ends_at = self.clock.now() + seconds(after)
        if machine.destroyed_at is None or ends_at < machine.destroyed_at:
            machine.destroyed_at = ends_at


def an_offer(number: int = 1, *, provider: str = "fake", at: Instant = 0, **fields: object) -> Offer:
    """A plausible offer, `{provider}:{number}`, with whatever fields a test cares about."""
    plain = Offer(
        id=f"{provider}:{number}",
        provider=provider,
        provider_offer_id=str(number),
        machine_id=f"host-{number}",
        gpu="RTX 4090",
        vram_gb=24.0,
        gpu_per_hour=0.4,
        disk_per_gb_hour=0.0002,
        region="Oslo",
        country="NO",
        reliability=0.99,
        fetched_at=at,
    )
    return msgspec.structs.replace(plain, **fields)
