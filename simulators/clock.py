"""The time the fake markets live by: the wall clock, faster or shifted, or one that only tests move."""

import time
from typing import Protocol


class Clock(Protocol):
    def now(self) -> float:
        """Epoch seconds, simulated."""

    def advance(self, seconds: float) -> None:
        """Jump ahead."""

    def resume(self, simulated: float, wall: float) -> None:
        """Go on from a saved pair of times, as if the clock had kept running in between."""

    def real_seconds(self, simulated: float) -> float | None:
        """How long this many simulated seconds take; None for a clock that does not run by itself."""


class RealClock:
    """The wall clock, `speed` times as fast."""

    def __init__(self, speed: float = 1.0) -> None:
        if speed <= 0:
            raise ValueError("the speed of a clock must be above 0")
        self._speed = speed
        self._simulated = time.time()
        self._anchor = time.monotonic()

    def now(self) -> float:
        return self._simulated + (time.monotonic() - self._anchor) * self._speed

    def advance(self, seconds: float) -> None:
        self._simulated += seconds

    def resume(self, simulated: float, wall: float) -> None:
        self._simulated = simulated + max(0.0, time.time() - wall) * self._speed
        self._anchor = time.monotonic()

    def real_seconds(self, simulated: float) -> float | None:
        return max(0.0, simulated) / self._speed


class ManualClock:
    """Stands still until it is told to move."""

    def __init__(self, start: float = 1_790_000_000.0) -> None:
        self._now = start

    def now(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += seconds

    def resume(self, simulated: float, wall: float) -> None:
        self._now = max(self._now, simulated)

    def real_seconds(self, simulated: float) -> float | None:
        return None
