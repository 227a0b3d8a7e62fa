"""A queue of wake-ups in memory, with the delays of the real one and a switch that loses everything."""

import heapq
import math

from chalicelib.domain.instant import SECOND, Instant
from chalicelib.ports import Clock


class MemoryWakeups:
    """`Wakeups`; whole seconds of delay, as SQS counts them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[Instant, int, str, str]] = []
        self._sent = 0
        self.lossy = False

    def session(self, session_id: str, delay_seconds: float = 0.0) -> None:
        self._push("session", session_id, delay_seconds)

    def sweep(self, name: str, *, if_due: bool = False) -> None:
        self._push("wake" if if_due else "sweep", name, 0.0)

    def due_at(self) -> Instant | None:
        """When the next message is delivered."""
        return self._heap[0][0] if self._heap else None

    def pop(self) -> tuple[str, str]:
        """(kind, what) of the next message."""
        _, _, kind, what = heapq.heappop(self._heap)
        return kind, what

    def _push(self, kind: str, what: str, delay_seconds: float) -> None:
        if self.lossy:
            return
        self._sent += 1
        due = self._clock.now() + math.ceil(max(delay_seconds, 0.0)) * SECOND
        heapq.heappush(self._heap, (due, self._sent, kind, what))
