"""One measured figure, and how calls are timed."""

import time
from collections.abc import Callable

import msgspec


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table."""

    name: str
    figure: float
    unit: str
    note: str = ""


def timed(name: str, call: Callable[[], object], *, rounds: int, note: str = "") -> list[Figure]:
    """Percentiles of this thread's CPU time and of the wall clock over `rounds` calls, after a few that warm up."""
    for _ in range(5):
        call()
    cpu, wall = [], []
    for _ in range(rounds):
        wall_from, cpu_from = time.perf_counter_ns(), time.thread_time_ns()
        call()
        cpu.append(time.thread_time_ns() - cpu_from)
        wall.append(time.perf_counter_ns() - wall_from)
    return [
        Figure(name=f"{name}: {clock} p{share}", figure=_percentile(taken, share) / 1e6, unit="ms", note=note)
        for clock, taken in (("CPU", cpu), ("wall", wall))
        for share in (50, 99)
    ]


def median(values: list[float]) -> float:
    return _percentile(values, 50)


def _percentile(values: list[float] | list[int], share: int) -> float:
    return sorted(values)[min(len(values) * share // 100, len(values) - 1)]
