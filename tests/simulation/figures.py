"""What many seeds came to, as one table."""

from collections import Counter

from tests.simulation.seed import Result


class Figures:
    """Add results, then ask for the table."""

    def __init__(self) -> None:
        self.seeds = 0
        self.failures: list[tuple[int, str, str]] = []
        self.lateness: Counter[int] = Counter()
        """Whole seconds."""
        self.gaps: Counter[int] = Counter()
        self.faults: Counter[str] = Counter()
        self.ends: Counter[str] = Counter()
        self.figures: Counter[str] = Counter()
        self.wired: Counter[str] = Counter()
        """Seeds of which this market stood behind HTTP."""

    def add(self, result: Result) -> None:
        self.seeds += 1
        if result.rule is not None:
            self.failures.append((result.seed, result.rule, result.detail))
        self.lateness.update(-(-late // 1000) for late in result.lateness)
        self.gaps.update(-(-gap // 1000) for gap in result.gaps)
        self.faults.update(result.faults)
        self.ends.update(result.ends)
        self.figures.update(result.figures)
        if result.wired is not None:
            self.wired[result.wired] += 1

    def table(self, seconds: float) -> str:
        rows = [
            ("seeds", f"{self.seeds} in {seconds:.0f} s, {self.seeds / max(seconds, 0.001):.1f} a second"),
            ("over HTTP", f"{self.wired.total()} seeds: {listed(self.wired)}"),
            ("failed", str(len(self.failures))),
            *((name, f"{count}") for name, count in sorted(self.figures.items())),
            ("first destroy after due", spread(self.lateness)),
            ("… within 15 min", share(self.lateness, 15 * 60)),
            ("… within 60 min", share(self.lateness, 60 * 60)),
            ("between destroys of one that lives", spread(self.gaps)),
            ("ends", listed(self.ends)),
            ("faults", listed(self.faults)),
        ]
        lines = [f"{name:<36}{value}" for name, value in rows]
        lines += [f"  seed {seed}: {rule}: {detail}" for seed, rule, detail in sorted(self.failures)[:50]]
        return "\n".join(lines)


def spread(counts: Counter[int]) -> str:
    total = sum(counts.values())
    if not total:
        return "-"
    parts = [f"{name} {quantile(counts, q)} s" for name, q in (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999))]
    return f"{' · '.join(parts)} · max {max(counts)} s (of {total})"


def share(counts: Counter[int], limit: int) -> str:
    total = sum(counts.values())
    return f"{100 * sum(n for late, n in counts.items() if late <= limit) / total:.3f} %" if total else "-"


def quantile(counts: Counter[int], q: float) -> int:
    wanted = q * sum(counts.values())
    seen = 0
    for value in sorted(counts):
        seen += counts[value]
        if seen >= wanted:
            return value
    return max(counts)


def listed(counts: Counter[str]) -> str:
    return " · ".join(f"{name} {count}" for name, count in sorted(counts.items()) if count) or "-"
