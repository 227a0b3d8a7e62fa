"""To be drawn."""

from typing import Any


def draw(runs: Any) -> None: ...
