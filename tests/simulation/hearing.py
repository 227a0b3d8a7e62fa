"""What the service makes of heartbeats, held against what was really sent and what is really done on the machines."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from chalicelib.domain import lease as leases
from chalicelib.domain.attempt import Stage
from chalicelib.domain.heartbeat import is_armed
from chalicelib.domain.instance import Phase
from chalicelib.domain.instant import HOUR, SECOND, Instant, seconds
from chalicelib.domain.lease import Mode, OnDisconnect
from chalicelib.domain.policy import Policy
from chalicelib.domain.pulse import Pulse
from chalicelib.domain.session import EndReason, Session, Status
from chalicelib.usecases.leasing import Told
from tests.fakes.store import MemoryStore
from tests.simulation.agents import REPEAT, Agent
from tests.simulation.due import attempt_of
from tests.simulation.fates import LATEST
from tests.simulation.faults import MINUTE, Windows
from tests.simulation.kernel import Kernel, Violation
from tests.simulation.ledgers import Ledgers
from tests.simulation.storing import SimSessions, Table

TAKES = 5 * SECOND
"""A write takes its time: so much later than the moment it tells of it is made at most."""
BEAT_WRITES = ("agent_mark", "last_heartbeat_at", "pulse", "gpu_util", "active_at")
"""All that a heartbeat may change of a row."""


@dataclass(slots=True)
class Heard:
    """The truth about the beats of one token. `active_at`: when the last one came that might mean use."""

    number: int = 0
    at: Instant | None = None
    before: Instant | None = None
    """The one before the last."""
    active_at: Instant = 0


class Hearing:
    """`agents` by the digest of their token; twins share one. `deaf`: when nobody listens or watches."""

    def __init__(self, kernel: Kernel, policy: Policy, rows: Mapping[str, Session], pace: int) -> None:
        self.kernel = kernel
        self.policy = policy
        self.rows = rows
        self.pace = pace
        self.deaf = Windows()
        self.agents: dict[str, list[Agent]] = {}
        self._heard: dict[str, Heard] = {}

    # --- at the moment of the act

    def beaten(self, before: Session | None, after: Session | None, mark: str, pulse: Pulse, news: bool) -> None:
        """I7: it changed the pulse alone, and only if it was later than all before it."""
        token, _, number = mark.partition(":")
        heard = self._heard.setdefault(token, Heard())
        if before is None or after is None:
            raise Violation("agent", "a heartbeat without a session")
        same = {name: getattr(before, name) for name in BEAT_WRITES}
        if msgspec.structs.replace(after, **same) != before or after.due_at != before.due_at:
            raise Violation("I7", f"a heartbeat moved {before.id}")
        current = leases.known_token(before.agent_mark) == token and not before.final
        if news != (current and int(number) > heard.number):
            raise Violation("agent", f"{before.id}: beat {number} after {heard.number} was news: {news}")
        if news:
            self._note(heard, int(number), pulse, before)

    def _note(self, heard: Heard, number: int, pulse: Pulse, row: Session) -> None:
        now, gpus = self.kernel.time, (row.attempt.offer if row.attempt else row.wanted).gpu_count
        at_rest = (
            pulse.ssh_sessions == 0
            and len(pulse.gpu_util) == gpus
            and all(util is not None and util < 5 for util in pulse.gpu_util)
        )
        # The service looks at the clock before it writes: what is silent by a write's time only may be so or not.
        silent = seconds(self.policy.heartbeat_timeout_seconds) + TAKES
        unknown = heard.at is None or now - heard.at >= silent
        if unknown or not at_rest:
            heard.active_at = now
        heard.number, heard.at, heard.before = number, now, heard.at

    def may_end(self, row: Session, reason: EndReason) -> bool:
        """I4: does the truth justify it?"""
        heard = self._heard.get(leases.known_token(row.agent_mark) or "", Heard())
        if heard.at is None:
            return False
        if reason is EndReason.IDLE:
            agreed = row.order.idle_minutes * MINUTE
            rested = heard.at - max(heard.active_at, row.running_at or 0) + TAKES
            return 0 < agreed <= rested and not self._used(row, heard.at - agreed, heard.at)
        last = self._last(heard)
        silent = last is not None and self.kernel.time - last + TAKES >= seconds(self.policy.heartbeat_lost_seconds)
        return silent and self._down(row) and not self._just_back()

    def _last(self, heard: Heard) -> Instant | None:
        """The last beat, without one that came while that was being written which it speaks against."""
        return heard.before if heard.at is not None and self.kernel.time - heard.at <= TAKES else heard.at

    def _used(self, row: Session, since: Instant, until: Instant) -> bool:
        """Longer than beats may be missing for? Twins, which share a token, are told apart by nobody."""
        agents = self._of(row)
        if len(agents) != 1:
            return False
        unseen = seconds(self.policy.heartbeat_timeout_seconds) + 2 * self.pace + LATEST
        return agents[0].use.longest_use(since, until) > unseen

    def _down(self, row: Session) -> bool:
        """Its main machine did not run a moment ago."""
        main = row.attempt.instance_id if row.attempt else None
        now = self.kernel.time
        for agent in self._of(row):
            if agent.machine.id == main:
                lately = any(at <= now and until > now - MINUTE for at, until in agent.fate.reboots)
                return lately or not agent.machine.lives(now) or agent.machine.phase_at(now) is not Phase.RUNNING
        return True

    def noted(self, before: Session, after: Session) -> None:
        """Silence is told only when it is not our own."""
        was, said = before.status_reason or "", after.status_reason or ""
        if was.startswith("unreachable") or not said.startswith("unreachable"):
            return
        heard = self._heard.get(leases.known_token(before.agent_mark) or "", Heard())
        timeout = seconds(self.policy.heartbeat_timeout_seconds)
        last = self._last(heard)
        silent = last is not None and self.kernel.time - last + TAKES >= timeout
        if not silent or self._just_back():
            raise Violation("agent", f"{before.id} is called unreachable, and nobody listened")

    def _just_back(self) -> bool:
        """Has any machine had no chance yet to be heard since we were deaf for long?"""
        now = self.kernel.time
        return any(
            until - since >= 10 * MINUTE and since <= now < until + 2 * self.pace for since, until in self.deaf.spans
        )

    def told(self, before: Session, after: Session, told: Told) -> None:
        """An answer says what the row said, between the two moments at which it is known."""
        if before.final:
            raise Violation("agent", f"{before.id} is over, and its token still opens")
        if not self.granted(before) <= told.deadline <= self.granted(after):
            raise Violation("I7", f"{before.id} is told another deadline than it has")
        ending = (before.status is Status.TERMINATING, after.final or after.status is Status.TERMINATING)
        if (told.destroy and not ending[1]) or (ending[0] and not told.destroy):
            raise Violation("agent", f"{before.id} is {after.status}, and its machine is told to end: {told.destroy}")

    def listens_to(self, row: Session, agent: Agent) -> bool:
        return not row.final and agent in self._of(row)

    # --- as time goes by

    def look_around(self) -> None:
        """What sessions say of their agents is so; no agent believes in more than its session has."""
        now = self.kernel.time
        lately = seconds(self.policy.heartbeat_timeout_seconds) + 2 * self.pace + LATEST
        for row in self.rows.values():
            if is_armed(row, now, self.policy) and not any(
                self._ran(agent, now - lately, now) for agent in self._of(row)
            ):
                raise Violation("agent", f"{row.id} counts on an agent that has not run for long")
        for agents in self.agents.values():
            for agent in agents:
                self._lives_by_the_rules(agent, now)

    def _of(self, row: Session) -> list[Agent]:
        return self.agents.get(leases.known_token(row.agent_mark) or "", [])

    def _ran(self, agent: Agent, since: Instant, until: Instant) -> bool:
        return agent.fate.starts and agent.booted_at <= until and agent.stopped_at > since

    def granted(self, row: Session) -> Instant:
        """When its machine ends itself, once it was told all that its session is now."""
        end = row.expires_at
        if row.agent_mode is Mode.TIMER_ONLY:
            end += round(row.order.extendable_hours * HOUR)
        elif row.order.on_disconnect is OnDisconnect.DESTROY and row.lease_expires_at is not None:
            # As long as a machine may be cut off: a renewal may reach the service and not the machine.
            cut_off = self.policy.agent_silence_seconds - self.policy.agent_deadline_grace_seconds
            end = min(end, row.lease_expires_at + seconds(cut_off))
        return min(end, row.hard_max_at) + seconds(self.policy.agent_deadline_grace_seconds)

    def _lives_by_the_rules(self, agent: Agent, now: Instant) -> None:
        row = self.rows[agent.lease.session]
        granted = self.granted(row)
        if agent.deadline > granted:
            raise Violation("I7", f"the agent of {agent.machine.id} believes in more than its session has")
        granted += agent.booted_at - agent.lease.granted_at  # with a clock that is behind: the countdown begins there
        # One that was killed, and is back since a reboot, begins then.
        latest = max(granted + agent.off_for, agent.up_since) + 2 * self.pace
        tried = agent.tried_at
        if tried is not None and agent.machine.market == "vastai":
            kept = agent.fate.from_market.overlap(tried, now) + agent.market_down(tried, now)
            latest = max(latest, tried) + 90 * MINUTE + kept + max(0, agent.machine.refuses_until - tried)
        elif tried is not None:  # a virtual machine's own switch asks nobody, and works the second time
            latest = max(latest, max(tried, agent.up_since) + REPEAT + self.pace)
        if agent.at_work(now) and now > latest:
            raise Violation("I1", f"{agent.machine.id} has an agent, and outlives its deadline")

    def justified(self, agent: Agent, why: str) -> None:
        """I4: an agent ends nothing healthy before its time."""
        now = self.kernel.time
        row = self.rows[agent.lease.session]
        live = not row.final and row.end_reason is None
        if why == "told to":
            right = not live
        elif why == "cut off from the service":
            right = now - max(agent.answered_at, agent.booted_at) >= round(agent.lease.silence_seconds * SECOND)
        else:
            jumped = agent.clock(now) > now
            right = jumped or now >= agent.lease.deadline - SECOND
            attempt = attempt_of(agent.machine, row)
            given_up = attempt is not None and attempt.stage in (Stage.ENDING, Stage.CLOSED)
            if row.agent_mode is Mode.TIMER_ONLY and live and not jumped and not given_up:
                right = right and now >= row.expires_at
        if not right:
            raise Violation("I4", f"the agent of {agent.machine.id} ends a healthy machine: {why}")


class HeardSessions(SimSessions):
    """`Sessions`, with heartbeats, and with an ear for what is made of them."""

    def __init__(self, table: Table, store: MemoryStore, ledgers: Ledgers, hearing: Hearing) -> None:
        super().__init__(table, store, ledgers)
        self._hearing = hearing

    def beat(self, session_id: str, mark: str, pulse: Pulse, at: Instant, active: bool) -> bool:
        def effect() -> bool:
            before = self._rows.get(session_id)
            news = self._inner.beat(session_id, mark, pulse, at, active)
            self._hearing.beaten(before, self._rows.get(session_id), mark, pulse, news)
            return news

        return self._table.write(effect)
