"""The picture of how sweeps grow."""

import re
from xml.etree import ElementTree

from bench import plot, scale


def _run(sweep: str, sessions: int, cpu: float) -> scale.Run:
    return scale.Run(
        sweep=sweep, sessions=sessions, done=sessions, seconds=cpu, cpu_seconds=cpu, store_calls=1, market_calls=0,
        peak_mb=1,
    )  # fmt: skip


def test_linear_growth_is_a_straight_line() -> None:
    runs = [_run("watch", size, size / 5000) for size in (1_000, 10_000, 100_000)]
    picture = plot.svg(runs)
    ElementTree.fromstring(picture)
    (path,) = re.findall(r'<polyline points="([^"]+)"', picture)
    (x1, y1), (x2, y2), (x3, y3) = [tuple(map(float, spot.split(","))) for spot in path.split()]
    assert abs((y2 - y1) / (x2 - x1) - (y3 - y2) / (x3 - x2)) < 0.01


def test_without_a_measurement_there_are_axes_only() -> None:
    assert "polyline" not in plot.svg([])
