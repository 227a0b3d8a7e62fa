"""How the agents of a seed report: what they tell, what is lost on the way, and who else uses their names."""

from random import Random

import msgspec

from chalicelib.domain import lease as leases
from chalicelib.domain.errors import Refusal
from chalicelib.domain.instant import SECOND
from chalicelib.domain.pulse import Pulse
from chalicelib.ports import Ports
from chalicelib.usecases import beating
from chalicelib.usecases.leasing import Told
from tests.simulation.agents import Agent
from tests.simulation.fates import LATEST, AgentFaults
from tests.simulation.hearing import Hearing
from tests.simulation.kernel import Kernel, Process, Violation
from tests.simulation.watch import Watch


class Reporters:
    """`lent`: the secret halves of all tokens so far. Every heartbeat goes through the service's own use case."""

    def __init__(self, kernel: Kernel, watch: Watch, rng: Random, faults: AgentFaults, hearing: Hearing) -> None:
        self.kernel = kernel
        self.watch = watch
        self.rng = rng
        self.faults = faults
        self.hearing = hearing
        self.ports: Ports | None = None
        self.lent: list[str] = []

    def report(self, agent: Agent, dying: str | None = None) -> None:
        if agent.lease.url is None:
            return
        faults, rng, now = self.faults, self.rng, self.kernel.time
        number = agent.next_number(now)
        gpus = agent.machine.offer.gpu_count
        seen = agent.use.pulse(now, gpus, now - agent.booted_at, rng)
        pulse = msgspec.structs.replace(seen, ends_at=agent.deadline, dying=dying)
        agent.sent.append((number, pulse))
        if agent.fate.from_us.at(now) or self.hearing.deaf.at(now) or faults.hits("beat_lost"):
            return
        rest = Pulse(gpu_util=(0.0,) * gpus, ssh_sessions=0, uptime_seconds=1.0, armed=True)
        session = agent.lease.session
        if faults.hits("beat_forged"):
            self._knock(agent, leases.token(session, rng.randbytes(32))[0], number + rng.randrange(99), rest)
        if faults.hits("beat_foreign") and len(self.lent) > 1:
            half = rng.choice(self.lent)
            if not agent.lease.token.endswith(half):
                self._knock(agent, f"ga_{session}_{half}", number + 1, rest)
        if faults.hits("beat_replayed"):
            self._send(agent, *rng.choice(agent.sent), listens=False)
        if faults.hits("beat_late"):
            later = now + round(rng.random() * LATEST)
            self.kernel.at(later, lambda: self._send(agent, number, pulse, listens=False))
        else:
            self._send(agent, number, pulse, listens=True)

    def _knock(self, agent: Agent, token: str, number: int, pulse: Pulse) -> None:
        """A stranger's: refused, whatever it says."""
        ports = self.ports

        def work() -> None:
            if ports is not None:
                beating.beat(ports, beating.authenticate(ports, f"Bearer {token}"), number, pulse)

        def done(process: Process, error: BaseException | None) -> None:
            if error is None:
                raise Violation("agent", f"{agent.lease.session} listened to a stranger")

        self.kernel.start("stranger", agent.machine.id, work, done)

    def _send(self, agent: Agent, number: int, pulse: Pulse, listens: bool) -> None:
        ports = self.ports
        before = self.watch.rows[agent.lease.session]
        answers: list[Told] = []

        def work() -> None:
            if ports is not None:
                session = beating.authenticate(ports, f"Bearer {agent.lease.token}")
                answers.append(beating.beat(ports, session, number, pulse))

        def done(process: Process, error: BaseException | None) -> None:
            after = self.watch.rows[agent.lease.session]
            if answers:
                self.hearing.told(before, after, answers[0])
            elif isinstance(error, Refusal) and self.hearing.listens_to(after, agent):
                raise Violation("agent", f"{after.id} refuses its own agent")
            if listens:
                self._hears(agent, answers)

        self.kernel.start("agent", agent.machine.id, work, done)

    def _hears(self, agent: Agent, answers: list[Told]) -> None:
        faults, rng, now = self.faults, self.rng, self.kernel.time
        if faults.hits("answer_forged"):
            hours = rng.choice((1, 24)) * 3600
            later = agent.deadline // SECOND + hours
            words = f"{agent.number} {later} {hours} {later} {rng.randrange(2)}"
            agent.take(words, leases.proof("00" * 32, agent.lease.session, words), now)
            if agent.heard:
                agent.take(*rng.choice(agent.heard), now)
        elif answers and not faults.hits("answer_lost"):
            agent.answered_at = now
            agent.take(answers[0].words, answers[0].proof, now)
