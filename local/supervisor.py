"""Keeps the local cloud running: starts it in order, replaces what crashes, ends all of it together."""

import logging
import signal
import threading
import time
from collections import deque

import msgspec

from local.backends import READY_SECONDS, Backends
from local.banner import Scene
from local.children import Child, ChildFailed
from local.datadir import DataDir

LOOK_SECONDS = 0.1
SERVICE_STOP_SECONDS = 7.0  # it gives its own work five
BACKEND_STOP_SECONDS = 3.0
# Asked again after this long, somebody has lost patience. Sooner it is but the same wish by two ways: a signal to the
# whole process group reaches us, and reaches make, which passes it on to us.
IMPATIENCE_SECONDS = 0.5
MOST_RESTARTS = 5  # within ...
RESTART_WINDOW_SECONDS = 60.0  # ... this time; then something is wrong that another restart will not mend

log = logging.getLogger(__name__)


class Supervisor:
    """The backends, and the service that comes up after them and goes down before them."""

    def __init__(self, backends: Backends, service: Child, data: DataDir) -> None:
        self._backends = backends
        self._service = service
        self._data = data
        self._stop = threading.Event()
        self._asked_at = 0.0
        self._restarts: dict[str, deque[float]] = {}

    def run(self) -> int:
        """Return the exit code once everything is over: 0 when we were asked to stop, 1 when it could not go on."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._asked)
        try:
            self._start()
            while not self._stop.wait(LOOK_SECONDS):
                self._replace_dead()
        except ChildFailed as failure:
            if self._stop.is_set():
                return 0
            log.error("%s; stopping everything", failure)
            return 1
        finally:
            self._end()
        return 0

    def _asked(self, *_: object) -> None:
        now = time.monotonic()
        if not self._stop.is_set():
            self._asked_at = now
            self._stop.set()
        elif now - self._asked_at > IMPATIENCE_SECONDS:
            for child in self._all():
                child.kill()

    def _all(self) -> list[Child]:
        return [self._service, *self._backends.children]

    def _start(self) -> None:
        for child in self._all():
            child.start()  # the service loads its code meanwhile, and waits for our word
        for child in self._backends.children:
            child.wait_ready(READY_SECONDS, self._stop.is_set)
        parts = self._backends
        self._data.note(parts.note)
        scene = Scene(state=parts.state, lasting=parts.memory is None, simulated=parts.note.simulated)
        self._service.say(msgspec.json.encode(scene))
        self._service.wait_ready(READY_SECONDS, self._stop.is_set)

    def _replace_dead(self) -> None:
        for child in self._all():
            code = child.exit_code()
            if code is None or self._stop.is_set():
                continue
            if child is self._backends.memory:
                raise ChildFailed(f"{child.name} ended with {code}, and with it all state{child.last_words()}")
            self._count_restart(child, code)
            log.warning("%s ended with %d; starting it again%s", child.name, code, child.last_words())
            child.start()
            if child is self._service:
                child.say(b"")  # no banner a second time
            child.wait_ready(READY_SECONDS, self._stop.is_set)

    def _count_restart(self, child: Child, code: int) -> None:
        now = time.monotonic()
        recent = self._restarts.setdefault(child.name, deque(maxlen=MOST_RESTARTS))
        if len(recent) == MOST_RESTARTS and now - recent[0] < RESTART_WINDOW_SECONDS:
            raise ChildFailed(f"{child.name} ended with {code}, again and again{child.last_words()}")
        recent.append(now)

    def _end(self) -> None:
        self._data.forget()
        self._service.ask_to_stop()
        self._service.stop(SERVICE_STOP_SECONDS)
        for child in self._backends.children:
            child.ask_to_stop()
        deadline = time.monotonic() + BACKEND_STOP_SECONDS
        for child in self._backends.children:
            child.stop(deadline - time.monotonic())
