"""What goes wrong in one seed, and how often: each kind of fault is off, low or high, drawn once."""

from collections import Counter
from copy import copy
from itertools import accumulate
from random import Random

from chalicelib.domain.instant import HOUR, SECOND, Instant
from tests.simulation.agent_kinds import AGENT_KINDS

MINUTE = 60 * SECOND

KINDS: dict[str, tuple[float, float]] = {
    # probability per call, per message or per run: low, high
    "kill": (0.0005, 0.005),
    "throttle": (0.002, 0.03),  # the table does nothing and says so
    "store_timeout": (0.002, 0.02),  # the table did it, and the answer is lost
    "slow_store": (0.01, 0.2),
    "index_lag": (0.1, 1.0),
    "message_lost": (0.02, 0.5),
    "message_twice": (0.02, 0.3),
    "message_late": (0.02, 0.3),
    "sweep_skipped": (0.02, 0.3),
    "sweep_twice": (0.02, 0.2),
    "sweep_late": (0.02, 0.2),
    "topic_down": (0.05, 0.5),
    "override_down": (0.02, 0.3),
    "quote_gone": (0.05, 0.3),
    "quote_dearer": (0.03, 0.2),
    "create_refused": (0.05, 0.3),
    "create_busy": (0.03, 0.2),
    "create_lost_no_effect": (0.05, 0.3),
    "create_lost": (0.05, 0.4),  # timeout or 5xx, and there is a machine, which may be made and seen up to 2 min later
    "create_refused_with_id": (0.03, 0.2),
    "create_late": (0.05, 0.3),  # a clear yes, and the machine is seen up to 2 min later
    "create_mislabelled": (0.03, 0.2),
    "create_two": (0.05, 0.3),
    "create_wrong_hardware": (0.03, 0.1),
    "boot_never": (0.05, 0.3),
    "boot_fails": (0.03, 0.2),
    "ssh_deaf": (0.05, 0.3),
    "key_refused": (0.05, 0.5),
    "list_error": (0.02, 0.3),
    "list_incomplete": (0.02, 0.4),
    "list_lies": (0.02, 0.5),
    "get_error": (0.02, 0.3),
    "get_lies": (0.02, 0.5),
    "busy": (0.01, 0.1),
    "destroy_lives_on": (0.1, 0.7),
    "destroy_404": (0.1, 0.5),
    "destroy_lost": (0.05, 0.3),  # error, and it is destroyed all the same
    "destroy_hangs": (0.05, 0.4),
    "destroy_stops": (0.05, 0.4),
    "destroy_slow": (0.05, 0.5),
    "refuses_for_hours": (0.03, 0.2),
    "outage": (0.3, 1.0),  # per market: windows of 10 min to 4 h
    "revoked": (0.1, 0.6),
    "vanish": (0.03, 0.2),  # the rest: per machine
    "outbid": (0.05, 0.3),
    "host_dies": (0.03, 0.2),
    "reprice": (0.03, 0.2),
    "relabel": (0.03, 0.2),
    "returns": (0.03, 0.2),
    "strays": (0.3, 1.0),  # machines with our tag and no row
}


class Faults:
    """The seed's temper. `heal` ends all of it."""

    def __init__(self, rng: Random, wish: str = "mixed") -> None:
        """`wish`: mixed, off, low, high, or kinds with their level, `kill:high,list_lies:low` (the others off)."""
        self.rng = rng
        self.counts: Counter[str] = Counter()
        self.level: dict[str, str] = _levels(rng, wish)
        self._p = {kind: self._probability(kind) for kind in KINDS}
        self._edges: dict[tuple[str, ...], tuple[float, tuple[tuple[str, float], ...]]] = {}

    @property
    def calm(self) -> bool:
        return not any(self._p.values())

    def p(self, kind: str) -> float:
        return self._p[kind]

    def hits(self, kind: str) -> bool:
        """Does it happen now? Counted when it does."""
        p = self._p[kind]
        if p and self.rng.random() < p:
            self.counts[kind] += 1
            return True
        return False

    def pick(self, group: tuple[str, ...]) -> tuple[str | None, int]:
        """Which of these happens now, at most one, and a number below a million: one roll of the dice for all."""
        known = self._edges.get(group)
        if known is None:
            sums = tuple(accumulate(self._p[kind] for kind in group))
            known = self._edges[group] = sums[-1], tuple(zip(group, sums, strict=True))
        last, edges = known
        roll = self.rng.random()
        number = int(roll * 1e12) % 1_000_000
        if roll >= last:
            return None, number
        chosen = next(kind for kind, edge in edges if roll < edge)
        self.counts[chosen] += 1
        return chosen, number

    def mute(self, *kinds: str) -> None:
        """These do not happen in this seed."""
        self._p |= dict.fromkeys(kinds, 0.0)
        self._edges.clear()

    def heal(self) -> None:
        self._p.update(dict.fromkeys(KINDS, 0.0))
        self._edges.clear()

    def lend(self, rng: Random) -> "Faults":
        """The same temper, now and later, with dice of its own: what they fall on moves nothing else in the seed."""
        lent = copy(self)
        lent.rng = rng
        return lent

    def _probability(self, kind: str) -> float:
        low, high = KINDS[kind]
        return {"off": 0.0, "low": low, "high": high}[self.level[kind]]


def _levels(rng: Random, wish: str) -> dict[str, str]:
    if wish in ("off", "low", "high"):
        return dict.fromkeys(KINDS, wish)
    if wish != "mixed":
        named = dict((part if ":" in part else f"{part}:high").split(":") for part in wish.split(","))
        unknown = set(named) - set(KINDS) - set(AGENT_KINDS)
        if unknown:
            raise ValueError(f"no fault is called {', '.join(sorted(unknown))}")
        return {kind: named.get(kind, "off") for kind in KINDS}
    calm = rng.random() < 0.08
    drawn = {kind: rng.choices(("off", "low", "high"), (50, 35, 15))[0] for kind in KINDS}
    return dict.fromkeys(KINDS, "off") if calm else drawn


class Windows:
    """Stretches of time in which something holds; they never overlap."""

    def __init__(self, spans: list[tuple[Instant, Instant]] | None = None) -> None:
        self.spans = sorted(spans or [])

    def at(self, moment: Instant) -> bool:
        return any(start <= moment < end for start, end in self.spans)

    def cut(self, moment: Instant) -> None:
        """Nothing of it after that moment."""
        self.spans = [(start, min(end, moment)) for start, end in self.spans if start < moment]

    def overlap(self, since: Instant, until: Instant) -> int:
        return sum(max(0, min(end, until) - max(start, since)) for start, end in self.spans)


def merged(spans: list[tuple[Instant, Instant]]) -> list[tuple[Instant, Instant]]:
    """The same stretches of time, none overlapping another."""
    found: list[tuple[Instant, Instant]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def windows(rng: Random, start: Instant, length: int, p: float, most: int, shortest: int, longest: int) -> Windows:
    """Up to `most` windows, each with probability `p`."""
    spans: list[tuple[Instant, Instant]] = []
    for _ in range(most):
        if rng.random() >= p:
            continue
        since = start + round(rng.random() * length)
        until = since + round(shortest + rng.random() ** 2 * (longest - shortest))
        if all(until <= a or since >= b for a, b in spans):
            spans.append((since, until))
    return Windows(spans)


def outages(rng: Random, faults: Faults, start: Instant, length: int) -> tuple[Windows, Windows]:
    """(when the market does not answer, when it refuses our key)."""
    down = windows(rng, start, length, faults.p("outage"), 3, 10 * MINUTE, 4 * HOUR)
    revoked = windows(rng, start, length, faults.p("revoked"), 2, 5 * MINUTE, 2 * HOUR)
    faults.counts["outage"] += len(down.spans)
    faults.counts["revoked"] += len(revoked.spans)
    return down, revoked
