"""A clock that stands still until it is told to move."""

from chalicelib.domain.instant import Instant, seconds

START: Instant = 1_767_225_600_000
"""2026-01-01T00:00:00Z: any fixed moment would do."""


class ManualClock:
    """`Clock`; sleeping is moving it, so nothing ever waits."""

    def __init__(self, start: Instant = START) -> None:
        self._now = start

    def now(self) -> Instant:
        return self._now

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, by: float) -> Instant:
        """Move on by so many seconds; returns the new moment."""
        if by < 0:
            raise ValueError("time does not run backwards here")
        self._now += seconds(by)
        return self._now
