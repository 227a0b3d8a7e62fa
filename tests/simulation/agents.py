"""The agent as `agent.sh` is written, in as many words: when it ends its machine, and what it believes of an answer."""

from collections.abc import Callable
from dataclasses import dataclass, field

from chalicelib.domain import lease as leases
from chalicelib.domain.instant import SECOND, Instant, Millis
from chalicelib.domain.lease import Lease
from chalicelib.domain.pulse import Pulse
from tests.simulation.fates import Fate, Use
from tests.simulation.faults import MINUTE
from tests.simulation.machine import NEVER, Machine

REPEAT = 5 * MINUTE
"""Between two attempts of a machine to end itself."""


@dataclass(slots=True, eq=False)
class Agent:
    """`until`: when its countdown is over, in real time, which no wall clock moves."""

    machine: Machine
    lease: Lease
    fate: Fate
    use: Use
    booted_at: Instant
    deadline: Instant
    until: Instant
    heard_at: Instant
    """The last answer that it believed."""
    answered_at: Instant = 0
    """The last answer that reached it, of ours."""
    number: int = 0
    told_to: bool = False
    ending: str | None = None
    rounds: int = 0
    tried_at: Instant | None = None
    """When it began to end its machine."""
    up_since: Instant = 0
    """Since its last reboot."""
    over: bool = False
    rebooting: bool = False
    stopped_at: Instant = NEVER
    """When it last ran, if it does not run any more."""
    market_down: Callable[[Instant, Instant], Millis] = lambda since, until: 0
    off_for: Millis = 0
    """How long its machine was down in reboots: so much later is its countdown over, at most."""
    sent: list[tuple[int, Pulse]] = field(default_factory=list)
    heard: list[tuple[str, str]] = field(default_factory=list)

    def at_work(self, now: Instant) -> bool:
        """Does it run, on a machine that does?"""
        running = self.fate.starts and self.booted_at <= now < self.stopped_at and not (self.over or self.rebooting)
        return running and now < self.fate.killed_at and self.machine.lives(now) and self.machine.phase is None

    def stop(self, now: Instant) -> None:
        """For good."""
        self.over = True
        self.stopped_at = min(self.stopped_at, now)

    def clock(self, now: Instant) -> Instant:
        """What its machine thinks the time is."""
        return now + self.fate.clock_by if now >= self.fate.clock_at else now

    def why(self, now: Instant) -> str | None:
        """Why it ends its machine now, if it does."""
        silence = round(self.lease.silence_seconds * SECOND)
        if now >= self.until or self.clock(now) >= self.deadline:
            return "deadline"
        if self.told_to:
            return "told to"
        if self.lease.url is not None and silence and now - self.heard_at >= silence:
            return "cut off from the service"
        return None

    def next_number(self, now: Instant) -> int:
        self.number = max(self.number + 1, self.clock(now) // SECOND)
        return self.number

    def take(self, words: str, proof: str, now: Instant) -> None:
        """Later only, and never past the limit that the same proven answer names."""
        if not believes(self.lease, self.number, words, proof):
            return
        self.heard.append((words, proof))
        self.heard_at = now
        _, deadline, left, limit, destroy = (int(word) for word in words.split())
        if self.deadline < deadline * SECOND <= limit * SECOND:
            self.deadline, self.until = deadline * SECOND, now + left * SECOND
        self.told_to = self.told_to or destroy == 1

    def restarted(self, now: Instant, off: Millis) -> None:
        """The absolute deadline stands, the countdown goes on from what was left, and silence counts anew."""
        self.until += off
        self.off_for += off
        self.heard_at = self.up_since = now


def believes(lease: Lease, number: int, words: str, proof: str) -> bool:
    """Is this our answer to this very beat?"""
    return words.startswith(f"{number} ") and proof == leases.proof(lease.secret, lease.session, words)
