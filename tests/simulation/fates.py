"""What befalls one machine and its agent, drawn when it is made; and what is really done on it, minute by minute."""

from bisect import bisect_right
from dataclasses import dataclass, field
from random import Random

from chalicelib.domain.instant import HOUR, SECOND, Instant, Millis
from chalicelib.domain.pulse import Pulse
from tests.simulation.agent_kinds import AGENT_KINDS
from tests.simulation.faults import MINUTE, Faults, Windows, windows
from tests.simulation.machine import NEVER

LONGEST = 14 * HOUR
"""No machine of a seed outlives this by much."""
LATEST = 3 * MINUTE
"""By how much a late heartbeat comes late at most."""


class AgentFaults(Faults):
    """The same temper as the seed's, for its agents; with dice of their own."""

    def __init__(self, faults: Faults, rng: Random, wish: str) -> None:
        self.rng = rng
        self.counts = faults.counts
        named = dict((part if ":" in part else f"{part}:high").split(":") for part in wish.split(","))
        level = {"off": "off", "low": "low", "high": "high"}.get(wish)
        self.level = dict(faults.level)
        for kind in AGENT_KINDS:
            drawn = rng.choices(("off", "low", "high"), (40, 35, 25))[0] if wish == "mixed" else named.get(kind, "off")
            self.level[kind] = "off" if faults.calm and wish == "mixed" else level or drawn
        chances = {kind: {"off": 0.0, "low": low, "high": high} for kind, (low, high) in AGENT_KINDS.items()}
        self._p = {kind: faults.p(kind) for kind in faults.level} | {k: of[self.level[k]] for k, of in chances.items()}
        self._edges = {}

    def heal(self) -> None:
        self._p = dict.fromkeys(self._p, 0.0)
        self._edges.clear()


@dataclass(slots=True, eq=False)
class Fate:
    """Moments and stretches of real time. `clock_by`: how far its wall clock is off from `clock_at` on."""

    starts: bool
    killed_at: Instant = NEVER
    from_us: Windows = field(default_factory=Windows)
    from_market: Windows = field(default_factory=Windows)
    clock_at: Instant = NEVER
    clock_by: Millis = 0
    reboots: list[tuple[Instant, Instant]] = field(default_factory=list)
    freezes: bool = False
    """Where its market freezes machines, it does that instead."""


def drawn(faults: AgentFaults, since: Instant) -> Fate:
    """For a machine that runs from `since` on."""
    rng = faults.rng

    def moment() -> Instant:
        return since + round(rng.random() ** 2 * 8 * HOUR)

    fate = Fate(starts=not faults.hits("agent_never_starts"))
    if faults.hits("agent_killed"):
        fate.killed_at = moment()
    if faults.hits("agent_cut_from_us"):
        fate.from_us = windows(rng, since, 6 * HOUR, 1.0, 2, 2 * MINUTE, 2 * HOUR)
    if faults.hits("agent_cut_from_market"):
        fate.from_market = windows(rng, since, LONGEST, 1.0, 3, 10 * MINUTE, 3 * HOUR)
    if faults.hits("agent_clock_wrong"):
        fate.clock_at, fate.clock_by = rng.choice((since, moment())), rng.choice((-2, 2)) * HOUR
    if faults.hits("agent_reboot"):
        begins = sorted(moment() for _ in range(rng.choice((1, 2))))
        fate.reboots = [(at, at + MINUTE + round(rng.random() ** 3 * HOUR)) for at in begins]
        fate.freezes = rng.random() < 0.25
    return fate


class Use:
    """What a machine is used for: work, a login at rest, nothing; and when its GPUs do not tell."""

    def __init__(self, faults: AgentFaults, since: Instant) -> None:
        rng = faults.rng
        unseen = faults.hits("agent_gpu_unseen")
        self._edges: list[Instant] = []
        self._kinds: list[str] = []
        at = since
        while at < since + LONGEST:
            kind = rng.choice(("work", "work", "rest", "rest", "rest", "login", "unseen" if unseen else "rest"))
            self._edges.append(at)
            self._kinds.append(kind)
            at += round((10 + 110 * rng.random() ** 2) * MINUTE)

    def at(self, moment: Instant) -> str:
        return self._kinds[max(0, bisect_right(self._edges, moment) - 1)]

    def longest_use(self, since: Instant, until: Instant) -> Millis:
        """The longest stretch within these limits that was anything but rest."""
        ends = [*self._edges[1:], NEVER]
        longest = length = 0
        for start, end, kind in zip(self._edges, ends, self._kinds, strict=True):
            length = 0 if kind == "rest" else length + max(0, min(end, until) - max(start, since))
            longest = max(longest, length)
        return longest

    def pulse(self, moment: Instant, gpus: int, uptime: Millis, rng: Random) -> Pulse:
        """What nvidia-smi and the process list say then."""
        kind = self.at(moment)
        util: tuple[float | None, ...] = tuple(float(rng.randrange(5)) for _ in range(gpus))
        view = "ok"
        if kind == "work":
            util = (*util[1:], float(rng.randrange(5, 101)))
        elif kind == "unseen":
            view, util = rng.choice((("error", ()), ("timeout", ()), ("ok", (*util[1:], None))))
        return Pulse(
            gpu_util=util,
            gpus=view,  # type: ignore[arg-type]
            ssh_sessions=int(kind == "login"),
            uptime_seconds=uptime / SECOND,
            armed=True,
        )
