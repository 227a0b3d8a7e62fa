"""Draw how sweeps grow, as an SVG that needs nothing to be made. Both axes are logarithmic: linear is a line."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "scale.svg"
_WIDTH, _HEIGHT, _LEFT, _TOP, _RIGHT, _BOTTOM = 720, 420, 70, 40, 130, 50
_COLOURS = {"reconcile": "#0b6e99", "watch": "#8a5a00", "accrue": "#a3195b"}
_XS, _YS = (1_000, 100_000), (0.1, 1_000.0)


class Measured(Protocol):
    @property
    def sweep(self) -> str: ...
    @property
    def sessions(self) -> int: ...
    @property
    def cpu_seconds(self) -> float: ...


def draw(runs: Sequence[Measured], picture: Path = PICTURE) -> None:
    picture.write_text(svg(runs))


def svg(runs: Sequence[Measured]) -> str:
    """CPU seconds of one whole pass by live sessions, a line for each sweep that looks at all of them."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="sans-serif" font-size="13">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        _text(_LEFT, 22, "CPU seconds of one pass, by live sessions (both axes logarithmic)"),
    ]
    for power in range(-1, 4):
        y = _y(10.0**power)
        parts += [_line(_LEFT, y, _WIDTH - _RIGHT, y, "#ddd"), _text(_LEFT - 8, y + 4, f"{10.0**power:g} s", "end")]
    for x_value in (1_000, 10_000, 100_000):
        x = _x(x_value)
        parts += [_line(x, _TOP, x, _HEIGHT - _BOTTOM, "#ddd"), _text(x, _HEIGHT - 28, f"{x_value:,}", "middle")]
    parts += [_line(_x(1_000), _y(0.2), _x(100_000), _y(20.0), "#999", 'stroke-dasharray="4 4"')]
    parts += [_text(_x(100_000) + 8, _y(20.0) + 14, "linear", colour="#777")]
    for name, colour in _COLOURS.items():
        mine = sorted((run for run in runs if run.sweep == name), key=lambda run: run.sessions)
        spots = [(_x(run.sessions), _y(run.cpu_seconds)) for run in mine]
        if not spots:
            continue
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>' for x, y in spots]
        parts.append(_text(spots[-1][0] + 8, spots[-1][1] + 4, f"{name} {mine[-1].cpu_seconds:.1f} s", colour=colour))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _x(sessions: float) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * _share(sessions, *_XS)


def _y(seconds: float) -> float:
    return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * _share(max(seconds, _YS[0]), *_YS)


def _share(value: float, least: float, most: float) -> float:
    return math.log(value / least) / math.log(most / least)


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, more: str = "") -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" {more}/>'


def _text(x: float, y: float, words: str, anchor: str = "start", colour: str = "#222") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{words}</text>'
