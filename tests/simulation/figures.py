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
        self.ticks: Counter[int] = Counter()
        """Hundredths of a tick by which a settled session's ledger and its true cost differ."""
        self.worst = 0.0
        """The largest share of what I12 allows that one of them took."""
        self.sums: Counter[str] = Counter()

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
        self.ticks.update(round(100 * one.ticks) for one in result.settled)
        self.worst = max([self.worst, *(abs(one.amount) / one.allowed for one in result.settled if one.allowed)])
        told = [one for one in result.settled if not one.blind]
        for name, drifts in (("settled", result.settled), ("told", told), ("billed", result.billed)):
            self.sums[name] += sum(one.ours for one in drifts)
            self.sums[f"{name}, true"] += round(sum(one.true for one in drifts))

    def drift(self, name: str) -> float:
        """By which share the sum of ledgers is above the sum of true costs: `settled`, `told` or `billed`."""
        true = self.sums[f"{name}, true"]
        return self.sums[name] / true - 1 if true else 0.0

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
            ("ledger and true cost, in ticks", hundredths(self.ticks)),
            ("… of what I12 allows, at most", f"{100 * self.worst:.0f} %"),
            ("… summed, as settled", f"{100 * self.drift('settled'):+.3f} %"),
            ("… where the market told all the time", f"{100 * self.drift('told'):+.3f} %"),
            (
                "… summed, the invoices in",
                f"{100 * self.drift('billed'):+.3f} % (of ${self.sums['billed, true'] / 1e6:.0f})",
            ),
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


def hundredths(counts: Counter[int]) -> str:
    if not counts:
        return "-"
    parts = [f"{name} {quantile(counts, q) / 100:.2f}" for name, q in (("p50", 0.5), ("p99", 0.99))]
    return f"{' · '.join(parts)} · max {max(counts) / 100:.2f} (of {sum(counts.values())})"


def share(counts: Counter[int], limit: int) -> str:
    return f"{100 * share_within(counts, limit):.3f} %" if counts.total() else "-"


def share_within(counts: Counter[int], limit: int) -> float:
    """1 of none."""
    return sum(n for late, n in counts.items() if late <= limit) / counts.total() if counts.total() else 1.0


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
