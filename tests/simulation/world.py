"""One seed's world: the real service between simulated markets, store, queue, clock and people."""

from collections.abc import Collection
from random import Random
from typing import cast

from chalicelib import settings
from chalicelib.domain.diff import Memory
from chalicelib.domain.instance import Phase
from chalicelib.domain.instant import Instant
from chalicelib.domain.schedule import due
from chalicelib.domain.session import Status
from chalicelib.ports import Ports, Secrets, Sessions
from chalicelib.providers.pace import SharedPace
from tests.builders import DEPLOYMENT, NOW, SIGNING_KEY
from tests.fakes.alerts import MemoryNotifier
from tests.fakes.metrics import MemoryMetrics
from tests.fakes.store import MemoryStore
from tests.simulation.callers import Callers
from tests.simulation.faults import MINUTE, Faults, Windows, merged
from tests.simulation.fleet import AgentMarket, Fleet
from tests.simulation.kernel import Kernel, Process, Violation
from tests.simulation.ledgers import Ledgers
from tests.simulation.machine import NEVER, Machine
from tests.simulation.market import Market
from tests.simulation.money import Money
from tests.simulation.renewers import Renewers, among
from tests.simulation.scenery import Scenery, SimInventory, offers
from tests.simulation.storing import SimHealth, SimOverrides, SimRates, SimSessions, Table
from tests.simulation.waking import SWEEPS, Queue, Schedule
from tests.simulation.watch import Watch

SETTINGS = settings.load({"SHOPPER_DEPLOYMENT": DEPLOYMENT, "AWS_LAMBDA_FUNCTION_NAME": "simulated"})

_SEEKS = {
    "launch": (Status.PENDING, Status.PROVISIONING),
    "expire": (Status.PENDING, Status.PROVISIONING, Status.RUNNING),
    "terminate": (Status.TERMINATING,),
}
"""Which rows a sweep steps when they are due."""


class SimIds:
    """`Ids` out of the seed."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng

    def entropy(self, size: int) -> bytes:
        return self._rng.randbytes(size)


class SimSsh:
    """`SshProbe`: answers where a machine truly runs."""

    def __init__(self, kernel: Kernel, faults: Faults, markets: Collection[Market]) -> None:
        self._kernel = kernel
        self._faults = faults
        self._markets = markets

    def answers(self, host: str, port: int, *, near: bool = False) -> bool:
        name, number = host.removesuffix(".test"), port - 20_000
        market = next(market for market in self._markets if market.name == name)
        machine = market.machines.get(market.id_of(number))
        self._kernel.pause(200)
        now = self._kernel.time
        up = machine is not None and machine.lives(now) and machine.phase_at(now) is Phase.RUNNING
        return up and not self._faults.hits("ssh_deaf")


class World:
    """Built from a seed; `layers` are those that are left after the machines are up."""

    def __init__(self, seed: int, *, wish: str = "mixed", sessions: int = 20) -> None:
        self.rng = rng = Random(seed)
        self.kernel = Kernel(NOW)
        self.faults = Faults(rng, wish)
        self.store = MemoryStore()
        self.watch = Watch(self.kernel, SETTINGS.policy, self.store.sessions._rows)
        self.ledgers = Ledgers(self.watch, self.store.access)
        self.table = Table(self.kernel, self.faults, self.hazard, self.kill)
        self.table.failed = self._store_failed
        self.gate = SharedPace(SimRates(self.table, self.store.rates), self.kernel, SETTINGS.policy)
        self.alerts = self.store.alerts
        self.fleet = Fleet(seed, wish, self.kernel, self.faults, self.watch, SETTINGS)
        self.scenery = Scenery(self.kernel, self.faults, self.watch)
        self.frozen: dict[str, list[tuple[Instant, Instant]]] = {}
        self.missed: list[tuple[Instant, Instant]] = []
        self.unlisted: dict[str, list[tuple[Instant, Instant]]] = {}
        """Per market: when reconcile asked for a list and got none. A stray is found by lists alone."""
        names = ("vastai", "tensordock")[: rng.choice((1, 1, 2))]
        self.markets = {name: self._market(name) for name in names}
        self.money = Money(self, seed)
        self.queue = Queue(self.kernel, self.faults, self.hazard)
        self.ports = self._ports()
        self.queue.ports = self.ports
        self.schedule = Schedule(self.kernel, self.faults, self.ports, self._swept)
        self.schedule.missed = self._missed
        self.schedule.idle = self._idle
        self.schedule.extra = self._extra
        ids = [offer for market in self.markets.values() for offer in market.offers]
        self.callers = Callers(self.kernel, self.faults, self.store.access, self.ports, ids)
        if among(seed):
            self.callers.renewers = Renewers(seed, self.callers, self.watch.rows)
        self.callers.wish = self.fleet.wish
        self.watch.blind_to = self._blind
        self.sessions = sessions

    def hazard(self) -> None:
        """Any step may be the last one of its process."""
        if self.kernel.current is not None and self.faults.hits("kill"):
            self.kill()

    def kill(self) -> None:
        """The process that runs now is gone."""
        if self.kernel.current is not None:
            self.cut(self.kernel.current)
            self._missed(self.kernel.current.kind)
            self.watch.log("killed")
            self.kernel.die()

    def cut(self, process: Process) -> None:
        """What it asked to destroy and never wrote down will be asked for once more."""
        for machine in process.destroyed:
            if isinstance(machine, Machine):
                machine.allowance += 1
        process.destroyed.clear()

    def _idle(self, name: str) -> bool:
        """Would this sweep find nothing at all? Then it need not be run to know."""
        now = self.kernel.time
        if name == "watch":
            return self.fleet.hearing.deaf.at(now) or self._nobody_is_heard(now)
        if name in _SEEKS:
            sought = _SEEKS[name]
            for status, due_at in self.store.sessions.index.values():
                if due_at <= now and status in sought:
                    return False
            return True
        if name == "reconcile":
            memories = self.store.health.memory
            return not any(due("reconcile", memories(market).listed_at, now) for market in self.markets)
        return name == "alert" and not self.alerts.pending(1)

    def _nobody_is_heard(self, now: Instant) -> bool:
        """Then all that the sweep does is to note that it ran."""
        rows = self.store.sessions._live.values()
        if any(row.status is Status.RUNNING and row.last_heartbeat_at is not None for row in rows):
            return False
        self.store.health.sweep_done("watch", now)
        return True

    def _store_failed(self) -> None:
        if self.kernel.current is not None:
            self.cut(self.kernel.current)

    def begin(self, length: int) -> None:
        """Set the scene: faults on for `length` milliseconds."""
        for market in self.markets.values():
            self.scenery.set(market, length)
        self.fleet.begin(length)
        self.money.prices.begin(length)
        self.schedule.begin()
        self.kernel.at(self.kernel.time + 5 * MINUTE, self._look_around)

    def reduce(self, layers: Collection[str]) -> None:
        """From now on these layers alone."""
        self.watch.layers = frozenset(layers)
        self.money.reduce()
        on: set[str] = set()
        if "sweeps" in layers:
            on |= set(SWEEPS)
        on |= {layer for layer in ("reconcile", "janitor") if layer in layers}
        self.schedule.on = on
        self.queue.on = "request" in layers
        self.fleet.gone = "agent" not in layers
        if self.watch.layers == {"agent"}:
            self.table.gone = self.fleet.table.gone = True
        if on == {"janitor"}:
            self.table.gone = self.money.accounts.gone = True
            self.watch.bound = 16 * MINUTE  # it comes every fifteen, and looks when its own grace is over

    def heal(self) -> None:
        now = self.kernel.time
        self.faults.heal()
        self.fleet.heal()
        for market in self.markets.values():
            for window in (market.down, market.revoked, market.lists_lie, market.gets_lie):
                window.cut(now)
            for machine in market.machines.values():
                machine.refuses_until = 0
                if machine.label_right_at < NEVER:
                    machine.label_right_at = 0
        self.watch.log("healed")

    def settled(self) -> bool:
        now = self.kernel.time
        alive = any(
            machine.tag is not None and machine.dead_at > now
            for m in self.markets.values()
            for machine in m.machines.values()
        )
        busy = self.store.sessions._live or self.store.sessions._unsettled or self.alerts.pending(1)
        return not (alive or busy)

    # --- inside

    def _market(self, name: str) -> Market:
        market = AgentMarket(name, self.kernel, self.faults, self.gate, self.watch)
        market.fleet = self.fleet
        market.hazard = self.hazard
        market.failed = lambda process: self._not_listed(name, process)
        market.offers = offers(name)
        return market

    def _ports(self) -> Ports:
        overrides = SimOverrides(self.table)
        self.watch.kept = overrides.kept
        sessions = SimSessions(self.table, self.store, self.ledgers)
        ports = Ports(
            settings=SETTINGS,
            secrets=Secrets(signing_keys=(SIGNING_KEY,), pepper=b"pepper"),
            clock=self.kernel,
            ids=SimIds(self.rng),
            sessions=cast(Sessions, sessions),  # until the fleet hears, and puts sessions with heartbeats there
            access=self.store.access,
            ledger=self.store.ledger,
            inventory=SimInventory(self.kernel, list(self.markets.values())),
            prices=self.store.prices,
            health=SimHealth(self.table, self.store.health, self._remembered),
            providers=dict(self.markets),
            gate=self.gate,
            wakeups=self.queue,
            ssh=SimSsh(self.kernel, self.faults, list(self.markets.values())),
            overrides=overrides,
            alerts=self.alerts,
            notifier=MemoryNotifier(),
            subscriptions=self.store.subscriptions,
            metrics=MemoryMetrics(),
        )
        ports = self.money.over(ports)
        return self.fleet.hear(ports, self.store, self.ledgers, self.alerts, self.table)

    def _look_around(self) -> None:
        self.kernel.at(self.kernel.time + 5 * MINUTE, self._look_around)
        self.watch.look_around()
        self.fleet.hearing.look_around()
        for market in self.markets.values():
            for machine in market.live(self.kernel.time):
                if machine.tag is not None:
                    self.scenery.befall(market, machine)

    def _swept(self, process: Process) -> None:
        if process.calls <= 10:
            return
        machines = sum(1 for market in self.markets.values() for m in market.machines.values() if m.tag is not None)
        rows = len(self.store.sessions._live)
        pages = sum(len(market.machines) // 25 + 1 for market in self.markets.values())
        if process.calls > 10 + (rows + machines) * (6 + pages):
            raise Violation("I15", f"{process} made {process.calls} market calls for {rows} live sessions")

    def _remembered(self, memory: Memory) -> None:
        """The brake holds the orphans of this market until the next pass."""
        if "orphans" in memory.frozen:
            self.frozen.setdefault(memory.provider, []).append((self.kernel.time, self.kernel.time + 5 * MINUTE))

    def _missed(self, name: str) -> None:
        if name == "janitor":
            self.missed.append((self.kernel.time, self.kernel.time + 15 * MINUTE))

    def _not_listed(self, name: str, process: Process) -> None:
        self._missed(process.kind)
        if process.kind == "reconcile":
            self.unlisted.setdefault(name, []).append((self.kernel.time, self.kernel.time + MINUTE))

    def _extra(self, name: str) -> None:
        if name == "janitor":
            self.watch.extra_runs.append(self.kernel.time + 5 * MINUTE)

    def _blind(self, name: str, since: Instant, until: Instant, stray: bool) -> int:
        market = self.markets[name]
        spans = [*market.down.spans, *market.revoked.spans, *self.frozen.get(name, ())]
        if stray:
            spans += self.unlisted.get(name, ())
        if self.watch.layers == {"janitor"}:
            spans += self.missed
        return Windows(merged(spans)).overlap(since, until)
