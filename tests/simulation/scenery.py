"""What is on the markets besides us: offers, other people's machines, strays, bad hours, and what befalls a machine."""

from collections.abc import Collection
from functools import partial
from threading import RLock

import msgspec

from chalicelib.domain import tag as tags
from chalicelib.domain.instance import Phase
from chalicelib.domain.instant import HOUR, SECOND
from chalicelib.domain.offer import Offer
from chalicelib.ports import Snapshot, SnapshotHead
from tests.builders import DEPLOYMENT, SIGNING_KEY, an_offer
from tests.fakes.store import MemoryInventory
from tests.simulation.faults import MINUTE, Faults, outages, windows
from tests.simulation.kernel import Kernel
from tests.simulation.machine import NEVER, Machine
from tests.simulation.market import Market
from tests.simulation.watch import Watch

FOREIGN = (None, "", "my-training", "shopper-", "shopper-zz", "shopper-test-01m3250v007f0v023j9xkyejmh-6yqegmkz")


def offers(name: str) -> dict[str, Offer]:
    """Twenty of this market for anybody, all within what was agreed for any of them, and four interruptible ones."""
    found = {}
    for number in range(24):
        spot = number % 6 == 5
        offer = an_offer(
            id=f"{name}:{number}{':spot' if spot else ''}",
            provider=name,
            provider_offer_id=str(number),
            machine_id=f"{name}-{number}",
            gpu_per_hour=0.30 + number / 1000,
            spot=spot,
            min_bid=0.2 if spot else None,
        )
        found[offer.id] = offer
    return found


class Scenery:
    """Sets the scene of each market once, and lets fate have its way with the machines."""

    def __init__(self, kernel: Kernel, faults: Faults, watch: Watch) -> None:
        self.kernel = kernel
        self.faults = faults
        self.rng = faults.rng
        self.watch = watch

    def set(self, market: Market, length: int) -> None:
        """Bad hours within `length` milliseconds from now, neighbours, and strays to come."""
        rng, faults, start = self.rng, self.faults, self.kernel.time
        market.down, market.revoked = outages(rng, faults, start, length)
        lying = windows(rng, start, length, 0.8, 8, 2 * MINUTE, 3 * HOUR).spans
        for number, (since, until) in enumerate(lying):
            # Where lists and GETs lie about a machine one after the other, what is true is told in between.
            if all(since - 6 * MINUTE >= b or until + 6 * MINUTE <= a for a, b in lying[:number]):
                chosen = rng.choice((market.lists_lie, market.gets_lie))
                chosen.spans.append((since, until))
        foreign = rng.choice((0, 1, 3, 30)) if not faults.calm else 1
        for number in range(foreign):
            label = FOREIGN[number % len(FOREIGN)]
            if number == 3:
                label = "shopper-" + tags.mint("other", start, rng.randbytes(10), SIGNING_KEY)
            market.add(label, None, start - rng.randrange(20) * HOUR)
        if faults.hits("strays"):
            for _ in range(rng.choice((1, 2))):
                age = rng.randrange(0, 20 * 60) * SECOND * 3
                at = start + round(rng.random() * length)
                self.kernel.at(at, partial(self._stray, market, age))

    def _stray(self, market: Market, age: int) -> None:
        now = self.kernel.time
        tag = tags.of(tags.mint(DEPLOYMENT, now - age, self.rng.randbytes(10), SIGNING_KEY))
        self.watch.created(market, market.add(tag, tag, now))

    def befall(self, market: Market, machine: Machine) -> None:
        """What befalls a machine by itself; asked every five minutes, so per call of `hits` a small part of it."""
        faults, rng = self.faults, self.rng
        if rng.random() > 0.1:
            return
        if machine.phase is None and machine.runs_at <= self.kernel.time:
            if faults.hits("vanish"):
                market.end(machine, self.kernel.time)
            elif machine.offer.spot and faults.hits("outbid"):
                machine.turn(self.kernel.time, Phase.STOPPED)
            elif faults.hits("host_dies"):
                machine.turn(self.kernel.time, Phase.FAILED)
            elif faults.hits("reprice"):
                machine.reprice(self.kernel.time, round(machine.price * 1.5))
            elif self._main(machine) and faults.hits("relabel"):
                machine.label, machine.label_right_at = "renamed by its tenant", NEVER

    def _main(self, machine: Machine) -> bool:
        """Is it what a tenant works on? Nobody renames a machine that no tenant knows of."""
        row = self.watch.row(machine)
        return row is not None and row.attempt is not None and row.attempt.instance_id == machine.id


class SimInventory(MemoryInventory):
    """What the inventory sweep would have stored, every five minutes: made only when somebody looks."""

    def __init__(self, kernel: Kernel, markets: Collection[Market]) -> None:
        super().__init__(RLock())
        self._kernel = kernel
        self._markets = markets
        self._began = kernel.time

    def head(self, provider: str) -> SnapshotHead | None:
        self._refresh()
        return super().head(provider)

    def get(self, provider: str) -> Snapshot | None:
        self._refresh()
        return super().get(provider)

    def _refresh(self) -> None:
        at = self._kernel.time - (self._kernel.time - self._began) % (5 * MINUTE)
        for market in self._markets:
            _, known = self._snapshots.get(market.name) or ("", None)
            if known is None or known.fetched_at != at:
                seen = tuple(msgspec.structs.replace(offer, fetched_at=at) for offer in market.offers.values())
                self.put(Snapshot(provider=market.name, offers=seen, fetched_at=at, tried_at=at))
