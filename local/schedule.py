"""Plays the clock of the cloud: every scheduled function, each in a thread of its own, once per tick."""

import logging
import threading
import time
from collections.abc import Sequence

from local import events
from local.functions import Function

log = logging.getLogger(__name__)


class Schedule:
    """A slow function delays no other and never overlaps itself; one that fails is called again at the next tick."""

    def __init__(self, functions: Sequence[Function], tick_seconds: float) -> None:
        self._tick = tick_seconds
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._repeat, args=(function,), name=f"schedule-{function.name}", daemon=True)
            for function in functions
        ]

    def start(self) -> None:
        """Call every function at once, then again every tick."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Call nothing any more."""
        self._over.set()

    def wait(self, deadline: float) -> bool:
        """Wait until this monotonic time for the calls under way; False when one is not back."""
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _repeat(self, function: Function) -> None:
        while not self._over.is_set():
            started = time.monotonic()
            try:
                function.invoke(events.scheduled(function.name))
            except Exception:
                log.exception("scheduled function failed; the next tick calls it again", extra={"sweep": function.name})
            self._over.wait(max(0.0, started + self._tick - time.monotonic()))
