"""The agents of one seed, on every machine that was ordered: they report, are lied about, and end their machines."""

from functools import partial
from random import Random

import msgspec
from msgspec.structs import replace

from chalicelib.domain import lease as leases
from chalicelib.domain.instance import Phase
from chalicelib.domain.instant import HOUR, SECOND, Instant
from chalicelib.domain.lease import OnDisconnect
from chalicelib.domain.session import Order
from chalicelib.ports import LaunchOrder, Ports
from chalicelib.settings import Settings
from tests.fakes.alerts import MemoryAlerts
from tests.fakes.store import MemoryStore
from tests.simulation import fates
from tests.simulation.agents import REPEAT, Agent
from tests.simulation.banking import SimAlerts
from tests.simulation.fates import AgentFaults, Use
from tests.simulation.faults import MINUTE, Faults, windows
from tests.simulation.hearing import HeardSessions, Hearing
from tests.simulation.kernel import Kernel, Violation
from tests.simulation.ledgers import Ledgers
from tests.simulation.machine import NEVER, Machine
from tests.simulation.market import Market
from tests.simulation.reporters import Reporters
from tests.simulation.storing import Table
from tests.simulation.watch import Watch

_REBOOTING = (Phase.STARTING, Phase.REBOOTING, Phase.FROZEN)


class AgentMarket(Market):
    """A market whose machines carry what their create call held."""

    fleet: "Fleet"

    def make(self, order: LaunchOrder, *, late: int = 0, shown_late: bool = False) -> Machine:
        machine = super().make(order, late=late, shown_late=shown_late)
        self.fleet.boot(self, machine, order)
        return machine


class Fleet:
    """Its dice are its own. Most seeds beat every four minutes, as nothing depends on the pace; some every minute."""

    def __init__(self, seed: int, wish: str, kernel: Kernel, faults: Faults, watch: Watch, settings: Settings) -> None:
        self.rng = rng = Random(f"agents of {seed}")
        self.kernel = kernel
        self.watch = watch
        self.faults = AgentFaults(faults, rng, wish)
        self.reachable = rng.random() < 0.7
        pace = rng.choice((60, 240, 240, 240, 240, 240, 240, 240))
        self.pace = pace * SECOND
        policy = msgspec.structs.replace(settings.policy, heartbeat_seconds=float(pace))
        url = "https://shopper.example.com" if self.reachable else settings.public_url
        self.settings = msgspec.structs.replace(settings, policy=policy, public_url=url)
        self.hearing = Hearing(kernel, policy, watch.rows, self.pace)
        self.table = Table(kernel, self.faults, self._hazard, self._kill)
        self.gone = False
        """The agents' layer is off."""
        self.ended = 0
        """Machines that were ended by their own agent."""
        self.reporters = Reporters(kernel, watch, rng, self.faults, self.hearing)

    # --- the world's

    def hear(self, ports: Ports, store: MemoryStore, ledgers: Ledgers, alerts: MemoryAlerts, table: Table) -> Ports:
        """The service's ports, with ears; what heartbeats do goes by the fleet's own table, and dice."""
        sessions = HeardSessions(self.table, store, ledgers, self.hearing)
        self.reporters.ports = replace(
            ports, settings=self.settings, sessions=sessions, alerts=SimAlerts(self.table, alerts)
        )
        ledgers.heard = self.hearing
        return replace(ports, settings=self.settings, sessions=HeardSessions(table, store, ledgers, self.hearing))

    def wish(self, order: Order) -> Order:
        """What people say about agents when they rent."""
        rng = self.rng
        return msgspec.structs.replace(
            order,
            idle_minutes=rng.choice((0, 0, 0, 0, 10, 20, 60)),
            on_disconnect=rng.choice((OnDisconnect.DESTROY, OnDisconnect.DESTROY, OnDisconnect.KEEP)),
            extendable_hours=rng.choice((0.0, 0.0, 1.0, 6.0)),
        )

    def begin(self, length: int) -> None:
        p = self.faults.p("ears_shut")
        self.hearing.deaf = windows(self.rng, self.kernel.time, length, p, 3, 5 * MINUTE, 2 * HOUR)
        self.faults.counts["ears_shut"] += len(self.hearing.deaf.spans)

    def heal(self) -> None:
        now = self.kernel.time
        self.faults.heal()
        self.hearing.deaf.cut(now)
        for agents in self.hearing.agents.values():
            for agent in agents:
                agent.fate.from_us.cut(now)
                agent.fate.from_market.cut(now)

    # --- machines

    def boot(self, market: Market, machine: Machine, order: LaunchOrder) -> None:
        lease = order.agent
        if lease is None:
            raise Violation("agent", f"{order.tag} was ordered without one")
        starts = machine.runs_at
        if starts >= NEVER or self.gone:
            return
        fate = fates.drawn(self.faults, starts)
        countdown = lease.deadline - lease.granted_at
        agent = Agent(
            machine, lease, fate, Use(self.faults, starts), starts, lease.deadline, starts + countdown, starts
        )
        agent.market_down = lambda since, until: market.down.overlap(since, until)
        token = leases.parse(lease.token)
        if token is None or self.reporters.ports is None:
            raise Violation("agent", f"{order.tag} got a token that is none")
        digest = leases.digest(token[0], token[1], self.reporters.ports.secrets.pepper)
        self.hearing.agents.setdefault(digest, []).append(agent)
        self.reporters.lent.append(token[1])
        if fate.starts:
            self.kernel.at(starts + round(self.rng.random() * 20 * SECOND), lambda: self._tick(agent, market))
        for at, until in fate.reboots:
            self.kernel.at(at, partial(self._down, agent, market, until))

    def _down(self, agent: Agent, market: Market, until: Instant) -> None:
        machine, now = agent.machine, self.kernel.time
        if agent.over or not machine.lives(now) or machine.phase is not None or agent.rebooting:
            return
        phase = Phase.STARTING
        if machine.market == "vastai":
            phase = Phase.FROZEN if agent.fate.freezes else Phase.REBOOTING
        machine.turn(now, phase)
        agent.rebooting = True
        self.watch.log("reboots", machine.id, phase)
        self.kernel.at(until, lambda: self._up(agent, market, until - now))

    def _up(self, agent: Agent, market: Market, off: int) -> None:
        agent.rebooting = False
        if not agent.machine.lives(self.kernel.time) or agent.machine.phase not in _REBOOTING:
            agent.stop(self.kernel.time)
            return
        agent.machine.turn(self.kernel.time, None)
        agent.restarted(self.kernel.time, off)
        if self.kernel.time >= agent.fate.killed_at:
            agent.fate.killed_at, agent.stopped_at = NEVER, NEVER
        if agent.fate.starts:
            self._tick(agent, market)

    def _tick(self, agent: Agent, market: Market) -> None:
        now, machine = self.kernel.time, agent.machine
        if agent.over or agent.rebooting:
            return
        if now >= agent.fate.killed_at:
            agent.stopped_at = min(agent.stopped_at, now)
            return
        if self.gone or not machine.lives(now) or machine.phase_at(now) is not Phase.RUNNING:
            agent.stop(now)
            return
        agent.ending = agent.ending or agent.why(now)
        self.kernel.at(now + (REPEAT if agent.ending else self.pace), lambda: self._tick(agent, market))
        if agent.ending:
            self._end(agent, market, agent.ending)
        else:
            self.reporters.report(agent)

    # --- the end

    def _end(self, agent: Agent, market: Market, why: str) -> None:
        machine, now = agent.machine, self.kernel.time
        if not agent.rounds:
            self.watch.log("ends itself", machine.id, why)
            self.hearing.justified(agent, why)
            agent.tried_at = now
        agent.rounds += 1
        gone = machine.market == "vastai" and self._delete_self(agent, market)
        self.reporters.report(agent, dying=why)
        power = machine.market != "vastai" or gone or agent.rounds >= 3
        # In a container the switch may do nothing; a virtual machine is forced the second time.
        works = 0.4 if machine.market == "vastai" else 0.8 if agent.rounds == 1 else 1.0
        if power and machine.lives(now) and self.rng.random() < works:
            machine.turn(now, Phase.STOPPED)
            self.watch.log("turns", machine.id, "stopped")
            self.ended += 1
            agent.stop(now)

    def _delete_self(self, agent: Agent, market: Market) -> bool:
        now, faults = self.kernel.time, self.faults
        if market.down.at(now) or agent.fate.from_market.at(now) or now < agent.machine.refuses_until:
            return False
        if faults.hits("self_delete_fails"):
            return False
        if not faults.hits("self_delete_lies"):
            market.end(agent.machine, now)
            self.ended += 1
            agent.stop(now)
        return True

    # --- the way of every call

    def _hazard(self) -> None:
        if self.kernel.current is not None and self.faults.hits("kill"):
            self._kill()

    def _kill(self) -> None:
        if self.kernel.current is not None:
            self.watch.log("killed")
            self.kernel.die()
