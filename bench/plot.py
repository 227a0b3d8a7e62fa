"""Draw how sweeps grow. Both axes are logarithmic: what grows linearly is a line beside the dashed one."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from matplotlib.axes import Axes
from matplotlib.figure import Figure

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "scale.png"
_COLOURS = {"reconcile": "#0b6e99", "watch": "#8a5a00", "accrue": "#a3195b"}
_LINEAR = ((1_000, 100_000), (0.2, 20.0))


class Measured(Protocol):
    @property
    def sweep(self) -> str: ...
    @property
    def sessions(self) -> int: ...
    @property
    def cpu_seconds(self) -> float: ...


def draw(runs: Sequence[Measured], picture: Path = PICTURE) -> None:
    """CPU seconds of one whole pass by live sessions, a line for each sweep that looks at all of them."""
    page = Figure(figsize=(8, 4.6), dpi=120, layout="constrained")
    growth(page.subplots(), runs)
    page.savefig(picture, metadata={"Software": None})  # without the name of a version: equal figures, equal files


def growth(axes: Axes, runs: Sequence[Measured]) -> None:
    axes.set_title("CPU seconds of one pass, by live sessions (both axes logarithmic)", fontsize=11, loc="left")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.yaxis.set_major_formatter("{x:g} s")
    axes.grid(color="#dddddd")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    for name, colour in _COLOURS.items():
        mine = sorted((run for run in runs if run.sweep == name), key=lambda run: run.sessions)
        if mine:
            last = mine[-1]
            told = f"{name}: {last.cpu_seconds:.1f} s for {last.sessions:,}"
            axes.plot([run.sessions for run in mine], [run.cpu_seconds for run in mine], "o-", color=colour, label=told)
    axes.plot(*_LINEAR, color="#999999", linestyle="--", linewidth=1, label="linear growth")
    axes.legend(loc="upper left", frameon=False)
