"""The picture of how sweeps grow."""

from pathlib import Path

import pytest
from matplotlib.figure import Figure

from bench import plot, scale


def _run(sweep: str, sessions: int, cpu: float) -> scale.Run:
    return scale.Run(
        sweep=sweep, sessions=sessions, done=sessions, seconds=cpu, cpu_seconds=cpu, store_calls=1, market_calls=0,
        peak_mb=1,
    )  # fmt: skip


def test_linear_growth_is_a_straight_line_in_the_order_of_its_sizes() -> None:
    axes = Figure().subplots()
    plot.growth(axes, [_run("watch", size, size / 5000) for size in (10_000, 1_000, 100_000)])
    line, yardstick = axes.get_lines()
    assert (line.get_label(), yardstick.get_label()) == ("watch: 20.0 s for 100,000", "linear growth")
    spots = axes.transData.transform(line.get_xydata())
    (x1, y1), (x2, y2), (x3, y3) = spots
    assert x1 < x2 < x3
    assert (y2 - y1) / (x2 - x1) == pytest.approx((y3 - y2) / (x3 - x2), rel=0.01)


def test_without_a_measurement_there_is_the_yardstick_alone() -> None:
    axes = Figure().subplots()
    plot.growth(axes, [])
    assert len(axes.get_lines()) == 1


def test_the_same_figures_make_the_same_picture(tmp_path: Path) -> None:
    runs = [_run("reconcile", size, size / 2000) for size in (1_000, 10_000)]
    for name in ("one.png", "two.png"):
        plot.draw(runs, tmp_path / name)
    one, two = ((tmp_path / name).read_bytes() for name in ("one.png", "two.png"))
    assert one.startswith(b"\x89PNG")
    assert one == two
