"""The part of a world that is about money: its books, its budgets, its prices, and the ports that they look at."""

from random import Random
from typing import TYPE_CHECKING

from msgspec.structs import replace

from chalicelib import sweeps
from chalicelib.domain.instant import Instant, Millis
from chalicelib.ports import Ports
from chalicelib.providers.tensordock import TensorDock
from chalicelib.providers.vastai import VastAi
from tests.simulation.banking import SimAccess, SimAlerts, SimLedger, SimNotifier
from tests.simulation.books import Books
from tests.simulation.faults import MINUTE, Windows, merged
from tests.simulation.prices import Prices
from tests.simulation.storing import Table
from tests.simulation.thresholds import Thresholds

if TYPE_CHECKING:
    from tests.simulation.world import World

BILLING = {"vastai": VastAi.billing, "tensordock": TensorDock.billing}
"""What the real adapters take their markets' rules to be."""


class Money:
    """Its dice are its own, so that what they fall on moves nothing else in the seed."""

    def __init__(self, world: "World", seed: int) -> None:
        self.world = world
        kernel, faults, store = world.kernel, world.faults, world.store
        self.calm = faults.calm
        self.accounts = Table(kernel, faults.lend(Random(f"accounts of {seed}")), world.hazard, world.kill)
        self.accounts.failed = world.table.failed
        self.books = Books(world.watch, store, faults)
        self.books.blind_to = self._untold
        self.thresholds = Thresholds(Random(f"budgets of {seed}"), kernel, self.books, world.alerts)
        markets = list(world.markets.values())
        self.prices = Prices(Random(f"prices of {seed}"), kernel, faults, markets)
        world.ledgers.used_up = self.thresholds.used_up
        world.ledgers.held = self.books.held
        for market in markets:
            market.billing = BILLING[market.name]

    def over(self, ports: Ports) -> Ports:
        """These ports, the books looking over the shoulder of those that money goes through."""
        store, table = self.world.store, self.world.table
        return replace(
            ports,
            access=SimAccess(self.accounts, store.access, self.books, self.thresholds),
            ledger=SimLedger(self.accounts, store.ledger, self.books, self.world.ledgers),
            alerts=SimAlerts(table, self.world.alerts, self.thresholds),
            notifier=SimNotifier(table, self.thresholds),
        )

    def plan(self, length: Millis) -> None:
        """Budgets for some of the callers, within so many milliseconds from now."""
        self.thresholds.plan(self.world.ports, self.world.callers.consumers, length)

    def reduce(self) -> None:
        """Some of those who read machines and write the ledger are off from now on."""
        self.books.strict = False

    def close(self) -> None:
        """Everything has settled: what is written down is held against the truth, then against the invoices."""
        world = self.world
        world.kernel.run(world.kernel.time + 15 * MINUTE)
        self.books.close()
        self.thresholds.close(self.calm)
        world.kernel.start("invoice", "", lambda: sweeps.run("invoice", world.ports))
        world.kernel.run(world.kernel.time + 15 * MINUTE)
        self.books.close()
        self.books.invoiced()
        self.thresholds.close(self.calm)

    def _untold(self, name: str, since: Instant, until: Instant) -> Millis:
        """How long this market did not say what was true of its machines."""
        market = self.world.markets[name]
        spans = [*market.down.spans, *market.revoked.spans, *self.world.unlisted.get(name, ())]
        spans += market.lists_lie.spans if self.world.faults.level["list_lies"] != "off" else []
        return Windows(merged(spans)).overlap(since, until)
