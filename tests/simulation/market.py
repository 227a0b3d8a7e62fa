"""A market that rents machines and does everything wrong that real ones were seen to do."""

from collections.abc import Callable, Sequence

import msgspec

from chalicelib.domain.billing import Billing
from chalicelib.domain.errors import (
    LaunchRefused,
    LaunchUncertain,
    ListIncomplete,
    OfferGone,
    ProviderAuth,
    ProviderBusy,
    ProviderDown,
)
from chalicelib.domain.instance import Absent, Instance, Listing, Phase
from chalicelib.domain.instant import HOUR, SECOND, Instant
from chalicelib.domain.invoice import Charge
from chalicelib.domain.money import Micros
from chalicelib.domain.offer import Offer
from chalicelib.ports import CallKind, LaunchOrder, RateGate, Receipt
from tests.simulation.bills import bill
from tests.simulation.faults import MINUTE, Faults
from tests.simulation.kernel import Kernel, Process
from tests.simulation.machine import Machine
from tests.simulation.stock import Stock
from tests.simulation.watch import Watch

PAGE = 25
Machines = list[Machine]  # inside the class `list` is the method


class Market(Stock):
    """`Provider`. A call takes time before and after its effect; in both its caller may be killed."""

    default_image = "sim/image"
    billing = Billing()

    def __init__(self, name: str, kernel: Kernel, faults: Faults, gate: RateGate, watch: Watch) -> None:
        super().__init__(name, kernel, faults, watch)
        self.gate = gate
        self.hazard: Callable[[], None] = lambda: None
        """Called on both sides of every effect; may not return."""
        self.failed: Callable[[Process], None] = lambda process: None
        """Hears whose list failed."""
        self.patience = 120.0
        """Seconds after which nobody waits for the answer to a create any more."""

    # --- the port

    def search(self, *, spot: bool) -> list[Offer]:
        raise ProviderDown("offers are put into the inventory directly here")

    def quote(self, offer: Offer) -> Offer:
        self._reach("read", "quote", offer.id)
        if offer.id not in self.offers or self.faults.hits("quote_gone"):
            raise OfferGone(f"{offer.id} is taken")
        found = self.offers[offer.id]
        if self.faults.hits("quote_dearer"):
            found = msgspec.structs.replace(found, gpu_per_hour=found.gpu_per_hour * 1.3)
        self._answer()
        return msgspec.structs.replace(found, fetched_at=self.kernel.time)

    def create(self, order: LaunchOrder) -> Receipt:
        self.watch.create_called(self, order)
        faults, rng = self.faults, self.rng
        try:
            self._reach("create", "create", order.tag)
        except ProviderDown as down:
            raise LaunchUncertain(down.reason) from None
        if faults.hits("create_refused"):
            self._answer()
            if rng.random() < 0.3:
                raise OfferGone("somebody was faster")
            raise LaunchRefused("no", rng.choice(("bad_order", "no_capacity", "no_funds")))
        if faults.hits("create_busy"):
            raise ProviderBusy("too many creates", 5.0)
        if faults.hits("create_lost_no_effect"):
            self._withhold(rng.choice((1, 25, 60, 110)))
            raise LaunchUncertain("no usable answer")
        if faults.hits("create_lost"):
            made = self.make(order, late=round(rng.random() * 110 * SECOND))
            self._withhold(rng.choice((1, 25, 25, 60, 110)))
            self.hazard()
            self.watch.log("lost", made.id)
            raise LaunchUncertain("no usable answer")
        if faults.hits("create_refused_with_id"):
            made = self.make(order)
            self._answer()
            raise LaunchUncertain("bid too low; but there is a machine", made.id)
        made = self.make(order, shown_late=faults.hits("create_late"))
        if faults.hits("create_two"):
            self.make(order)
        if faults.hits("create_mislabelled"):
            made.label = rng.choice(("", "shopper-", "my-machine"))
            made.label_right_at = made.created_at + round(rng.random() * 20 * MINUTE)
        self._answer()
        return Receipt(instance_id=made.id)

    def attach_key(self, instance_id: str, public_key: str) -> None:
        self._reach("read", "attach_key", instance_id)
        if self.faults.hits("key_refused"):
            raise ProviderDown("not now")
        self._answer()

    def get(self, instance_id: str) -> Instance | Absent:
        self._reach("read", "get", instance_id)
        if self.faults.hits("get_error"):
            self._fail()
        now = self.kernel.time
        machine = self.machines.get(instance_id)
        gone = machine is None or not machine.seen(now)
        if not gone and self.gets_lie.at(now) and self.faults.hits("get_lies"):
            gone = True
        self._answer()
        if gone or machine is None:
            self.watch.log("get", instance_id, "absent")
            return Absent(instance_id=instance_id)
        return self.described(machine, now)

    def list(self) -> Listing:
        taken_at = self.kernel.time
        process = self.kernel.current
        try:
            self._reach("read", "list", "")
            if self.faults.hits("list_error"):
                self._fail()
            for _ in range((len(self.machines) - 1) // PAGE):
                self._reach("read", "list", "next page")
            if self.faults.hits("list_incomplete"):
                raise ListIncomplete("a page is missing")
        except (ProviderDown, ListIncomplete, ProviderBusy, ProviderAuth) as error:
            if process is not None:
                process.blind.add(self.name)
                self.failed(process)
            self.watch.log("list", self.name, type(error).__name__)
            raise
        if process is not None:
            process.blind.discard(self.name)
        now = self.kernel.time
        found = tuple([self.described(machine, now) for machine in self.shown(now)])
        self._answer()
        return Listing(provider=self.name, taken_at=taken_at, instances=found)

    def destroy(self, instance_id: str) -> None:
        machine = self.machines.get(instance_id)
        self.watch.destroy_called(self, machine, instance_id)
        self._reach("destroy", "destroy", instance_id)
        self.watch.destroy_arrived(machine)
        if self.faults.hits("busy"):
            if machine is not None and self.kernel.current is not None and self.kernel.current.kind == "janitor":
                machine.allowance += 1  # nothing was done, and its next pass is far: it asks again in this one
            raise ProviderBusy("slow down", 2.0)
        now = self.kernel.time
        if machine is None or now >= machine.dead_at:
            self._answer()
            return
        faults = self.faults
        if now < machine.refuses_until:
            raise ProviderDown("cannot be destroyed now")
        if now < machine.surfaces_at and self.rng.random() < 0.5:
            self._answer()  # a machine that is not there yet is "not found", which counts as gone
            self.watch.log("destroy", instance_id, "not there yet")
            return
        if faults.hits("refuses_for_hours"):
            machine.refuses_until = now + round((0.5 + 4 * self.rng.random()) * HOUR)
            raise ProviderDown("cannot be destroyed now")
        if faults.hits("destroy_lives_on") or faults.hits("destroy_404"):
            self.watch.log("destroy", instance_id, "lives on")
            self._answer()
            return
        if faults.hits("destroy_stops"):
            machine.turn(now, Phase.STOPPED)
            self._answer()
            return
        if faults.hits("destroy_hangs"):
            self._fail(hangs=True)
        slow = round(self.rng.random() * 90 * SECOND) if faults.hits("destroy_slow") else 0
        self.end(machine, now + slow)
        if faults.hits("destroy_lost"):
            self._fail()
        self._answer()

    def balance(self) -> Micros | None:
        return None

    def charges(self, since: Instant, until: Instant) -> Sequence[Charge] | None:
        """One of the two sends an invoice."""
        if self.name != "vastai":
            return None
        self._reach("read", "charges", "")
        billed = bill(self.machines.values(), since, until)
        self._answer()
        return billed

    # --- inside

    def shown(self, now: Instant) -> Machines:
        """What a list of this moment holds, by the truth or by a lie."""
        seen = [machine for machine in self.machines.values() if machine.seen(now)]
        if self.lists_lie.at(now) and self.faults.hits("list_lies"):
            return self._untruth(seen, now)
        return seen

    def _untruth(self, seen: Machines, now: Instant) -> Machines:
        """Empty, or two minutes old; a machine that no row could name otherwise stays in it (see the package)."""
        if self.rng.random() < 0.5:
            return [machine for machine in seen if not self.watch.may_be_hidden(machine, now)]
        then = now - 120 * SECOND
        before = [machine for machine in self.machines.values() if machine.seen(then)]
        return before + [one for one in seen if one not in before and not self.watch.may_be_hidden(one, now)]

    def _reach(self, kind: CallKind, method: str, subject: str) -> None:
        """The way there: pace, time, and everything that keeps a call from arriving."""
        if kind != "create":
            self.gate.pass_through(self.name, kind)
        process = self.kernel.current
        if process is not None:
            process.calls += 1
        self.watch.log(method, self.name, subject)
        self.hazard()
        self.kernel.pause(50 + round(300 * self.rng.random()))
        now = self.kernel.time
        if self.down.spans and self.down.at(now):
            self._fail()
        if self.revoked.spans and self.revoked.at(now):
            raise ProviderAuth("the key is not valid")
        if kind not in ("create", "destroy") and self.faults.hits("busy"):
            raise ProviderBusy("slow down", 2.0)

    def _answer(self) -> None:
        """The way back: the effect has happened."""
        self.kernel.pause(50 + round(300 * self.rng.random()))
        self.hazard()

    def _withhold(self, length: int) -> None:
        self.kernel.pause(round(min(length, self.patience) * SECOND))

    def _fail(self, hangs: bool | None = None) -> None:
        if hangs or (hangs is None and self.rng.random() < 0.3):
            self.kernel.pause(10 * SECOND)
        raise ProviderDown("no usable answer")
