"""Virtual time and processes: whoever waits is switched away from, and whoever is killed is never switched back to."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

from greenlet import greenlet

from chalicelib.domain.instant import SECOND, Instant, Millis


class Violation(BaseException):
    """An invariant broke. Not an Exception, so that no code under test can swallow it."""

    def __init__(self, rule: str, detail: str) -> None:
        super().__init__(f"{rule}: {detail}")
        self.rule = rule
        self.detail = detail


@dataclass(slots=True, eq=False)
class Process:
    """One invocation: an API request, a queue delivery, a sweep."""

    number: int
    kind: str
    subject: str
    thread: "greenlet | None" = None
    calls: int = 0
    """Calls of a market so far."""
    blind: set[str] = field(default_factory=set)
    """Markets whose last list, as seen by this process, failed."""
    destroyed: list[object] = field(default_factory=list)
    """Machines it asked to destroy and has not yet written down."""
    grants: set[str] = field(default_factory=set)
    """What its caller may do: `extend`, `override`, and the reason to end."""
    name: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = f"{self.kind}#{self.number}"

    def __str__(self) -> str:
        return self.name


class Kernel:
    """The clock, the agenda, and the process that runs now. `now` is in milliseconds since the epoch."""

    def __init__(self, start: Instant) -> None:
        self.time = start
        self.current: Process | None = None
        self.killed: list[greenlet] = []
        """Kept until the seed is over: a collected greenlet would be resumed to run its `finally`."""
        self.failed: Callable[[Process, Exception], None] = lambda process, error: None
        """Hears of each process that ended by an error."""
        self._agenda: list[tuple[Instant, int, Callable[[], object]]] = []
        self._count = 0
        self._processes = 0
        self._hub: greenlet | None = None
        self._free: list[greenlet] = []
        """Of processes that are over, for those to come: making one takes longer than most of them run."""

    # --- the Clock port

    def now(self) -> Instant:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.pause(round(seconds * SECOND))

    # --- for the world

    def at(self, when: Instant, action: Callable[[], object]) -> None:
        """Do it then, in order of time and of asking."""
        self._count += 1
        heapq.heappush(self._agenda, (max(when, self.time), self._count, action))

    def start(
        self,
        kind: str,
        subject: str,
        work: Callable[[], object],
        done: Callable[[Process, BaseException | None], None] | None = None,
        grants: set[str] | None = None,
    ) -> Process:
        """Begin a process now; call from the hub. `done` hears how it ended, unless it was killed."""
        self._processes += 1
        process = Process(self._processes, kind, subject, grants=grants or set())

        def body() -> None:
            error: BaseException | None = None
            try:
                work()
            except Exception as failure:
                error = failure
                self.failed(process, failure)
            if done is not None:
                done(process, error)

        process.thread = self._free.pop() if self._free else greenlet(self._work)
        before, self.current = self.current, process
        process.thread.switch(body)
        self.current = before
        return process

    def _work(self, body: Callable[[], None]) -> None:
        """One body after the other, for ever; each begins in whoever calls `start`."""
        thread, hub = greenlet.getcurrent(), greenlet.getcurrent().parent
        while hub is not None:
            body()
            self._free.append(thread)
            body = hub.switch()

    def run(self, until: Instant) -> None:
        """Work the agenda off up to that moment."""
        self._hub = greenlet.getcurrent()
        agenda = self._agenda
        while agenda and agenda[0][0] <= until:
            when, _, action = heapq.heappop(agenda)
            if when > self.time:
                self.time = when
            action()
        self.time = max(self.time, until)

    # --- for processes

    def pause(self, length: Millis) -> None:
        """Let others run meanwhile; if there is nobody, only the clock moves."""
        then = self.time + length
        agenda = self._agenda
        if not agenda or agenda[0][0] > then:
            self.time = then
            return
        process = self.current
        if process is None or self._hub is None:
            raise RuntimeError("only a process can wait")
        self._count += 1
        heapq.heappush(agenda, (then, self._count, lambda: self._resume(process)))
        self._hub.switch()

    def die(self) -> None:
        """The current process stops here for ever; nothing of it runs again."""
        process = self.current
        if process is None or process.thread is None or self._hub is None:
            raise RuntimeError("only a process can die")
        self.killed.append(process.thread)
        self._hub.switch()

    def _resume(self, process: Process) -> None:
        before, self.current = self.current, process
        if process.thread is not None:
            process.thread.switch()
        self.current = before
