"""A world whose machines have agents: they report, are lied about, break down, and end their machines on their own."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from random import Random

from chalicelib import settings
from chalicelib.domain import lease as leases
from chalicelib.domain.errors import Refusal
from chalicelib.domain.instance import Phase
from chalicelib.domain.instant import HOUR, SECOND, Instant
from chalicelib.domain.lease import Lease
from chalicelib.domain.pulse import Pulse
from chalicelib.ports import LaunchOrder, Ports
from chalicelib.usecases import beating
from chalicelib.usecases.leasing import Told
from tests.builders import DEPLOYMENT
from tests.simulation.faults import MINUTE
from tests.simulation.kernel import Process, Violation
from tests.simulation.machine import Machine
from tests.simulation.market import Market
from tests.simulation.storing import SimSessions
from tests.simulation.world import World

SETTINGS = settings.load({"SHOPPER_DEPLOYMENT": DEPLOYMENT, "SHOPPER_PUBLIC_URL": "https://shopper.example.com"})
PACE = 5 * MINUTE
"""Between two looks of a timer, between two beats, and between two tries to end: the slowest of the three is real."""
FATES = ("well", "well", "well", "well", "never starts", "killed", "cut off from us", "cut off from its market",
         "clock ahead", "clock behind", "forged")  # fmt: skip


@dataclass(slots=True, eq=False)
class Agent:
    """What runs on one machine. `skew`: by how much its clock is wrong."""

    machine: Machine
    lease: Lease
    fate: str
    stops_at: Instant
    cut: tuple[Instant, Instant]
    skew: int = 0
    number: int = 0
    deadline: Instant = 0
    countdown_until: Instant = 0
    heard_at: Instant = 0

    def due(self, now: Instant) -> bool:
        silent = self.lease.silence_seconds
        lonely = bool(silent) and now - self.heard_at >= silent * SECOND
        return now + self.skew >= self.deadline or now >= self.countdown_until or lonely

    def take(self, told: Told, now: Instant) -> None:
        """As the script does: proven, for this beat, later only, never past the limit."""
        if told.proof != leases.proof(self.lease.secret, self.lease.session, told.words):
            raise Violation("agent", f"{self.lease.session} was answered without a proof")
        number, deadline, left, limit, destroy = (int(word) for word in told.words.split())
        if number != self.number:
            raise Violation("agent", f"{self.lease.session}: beat {self.number} was answered as {number}")
        self.heard_at = now
        if self.deadline < deadline * SECOND <= limit * SECOND:
            self.deadline, self.countdown_until = deadline * SECOND, now + left * SECOND
        if destroy:
            self.countdown_until = now


class AgentMarket(Market):
    """A market whose machines carry what their create call held."""

    world: "AgentWorld"

    def make(self, order: LaunchOrder, *, late: int = 0, shown_late: bool = False) -> Machine:
        machine = super().make(order, late=late, shown_late=shown_late)
        if order.agent is None:
            raise Violation("agent", f"{order.tag} was ordered without one")
        self.world.boot(machine, order.agent)
        return machine


class HeardSessions(SimSessions):
    """`Sessions`, with heartbeats: by them nothing but the pulse may change."""

    def beat(self, session_id: str, mark: str, pulse: Pulse, at: Instant, active: bool) -> bool:
        def effect() -> bool:
            before = self._rows.get(session_id)
            news = self._inner.beat(session_id, mark, pulse, at, active)
            after = self._rows.get(session_id)
            if (
                before is not None
                and after is not None
                and (before.due_at, before.version) != (after.due_at, after.version)
            ):
                raise Violation("I7", f"a heartbeat moved {session_id}")
            return news

        return self._table.write(effect)


class AgentWorld(World):
    """`alone` is when all that was left to end machines were their agents."""

    def __init__(self, seed: int, *, wish: str = "mixed", sessions: int = 20) -> None:
        self.chance = Random(f"agents of {seed}")
        self.agents: list[Agent] = []
        self.alone: Instant | None = None
        super().__init__(seed, wish=wish, sessions=sessions)

    def boot(self, machine: Machine, lease: Lease) -> None:
        chance, starts = self.chance, machine.runs_at
        fate = "well" if self.faults.calm else chance.choice(FATES)
        since = starts + round(chance.random() * 4 * HOUR)
        stops_at = {"never starts": starts, "killed": since}.get(fate, 1 << 60)
        agent = Agent(machine, lease, fate, stops_at, (since, since + round(chance.random() * 2 * HOUR)))
        agent.skew = {"clock ahead": 2 * HOUR, "clock behind": -2 * HOUR}.get(fate, 0)
        agent.deadline, agent.heard_at = lease.deadline, starts
        agent.countdown_until = starts + lease.deadline - lease.granted_at
        self.agents.append(agent)
        self.kernel.at(starts, lambda: self._tick(agent))

    def reduce(self, layers: Collection[str]) -> None:
        super().reduce(layers)
        if set(layers) == {"agent"}:
            self.table.gone = True
            self.alone = self.kernel.time

    def overstayed(self) -> list[Agent]:
        """Agents that were at work and let their machine outlive its lease; a market that is down is waited for."""
        late = []
        for agent in self.agents:
            machine = agent.machine
            if agent.stops_at < 1 << 60 or machine.phase is not None:
                continue
            limit = max(agent.deadline, agent.countdown_until) + 2 * PACE
            down = self.markets[machine.market].down.overlap(agent.lease.granted_at, machine.dead_at)
            cut = agent.cut[1] - agent.cut[0] if agent.fate == "cut off from its market" else 0
            if min(machine.dead_at, self.kernel.time) > limit + down + cut:
                late.append(agent)
        return late

    def _market(self, name: str) -> Market:
        market = AgentMarket(name, self.kernel, self.faults, self.gate, self.watch)
        plain = super()._market(name)
        market.world, market.hazard, market.failed, market.offers = self, plain.hazard, plain.failed, plain.offers
        return market

    def _ports(self) -> Ports:
        sessions = HeardSessions(self.table, self.store, self.ledgers)
        return replace(super()._ports(), settings=SETTINGS, sessions=sessions)

    def _tick(self, agent: Agent) -> None:
        now, machine = self.kernel.time, agent.machine
        if now >= agent.stops_at or not machine.lives(now) or machine.phase_at(now) is not Phase.RUNNING:
            return
        self.kernel.at(now + PACE, lambda: self._tick(agent))
        cut = agent.cut[0] <= now < agent.cut[1]
        if agent.due(now):
            market = self.markets[machine.market]
            if not market.down.at(now) and not (cut and agent.fate == "cut off from its market"):
                market.end(machine, now)
                self.watch.log("ends itself", machine.id)
        elif not (cut and agent.fate == "cut off from us"):
            self._report(agent)

    def _report(self, agent: Agent) -> None:
        answers: list[Told] = []
        agent.number += 1
        number = agent.number
        strange = agent.fate == "forged" and self.chance.random() < 0.5
        token = leases.token(agent.lease.session, self.chance.randbytes(32))[0] if strange else agent.lease.token
        if agent.fate == "forged" and not strange:
            number = max(1, number - self.chance.randrange(3))
        pulse = Pulse(gpu_util=(97.0,), ssh_sessions=0, uptime_seconds=300.0 * agent.number, armed=True)

        def work() -> None:
            session = beating.authenticate(self.ports, f"Bearer {token}")
            answers.append(beating.beat(self.ports, session, number, pulse))

        def done(process: Process, error: BaseException | None) -> None:
            if strange and not (isinstance(error, Refusal) or self.table.gone or error is not None):
                raise Violation("agent", f"{agent.lease.session} listened to a stranger")
            if answers and number == agent.number:
                agent.take(answers[0], self.kernel.time)

        self.kernel.start("agent", agent.machine.id, work, done)
