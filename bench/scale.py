"""Sweeps over very many live sessions: time, calls and memory, each in a process of its own, on the embedded engine.

`SCALE=100000 make bench` for the largest; what is measured is kept in bench/scale.json, and drawn from there.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from bench import plot
from bench.crowd import CountedTable, CrowdedMarket, RealTime, fill, ports
from bench.engine import environment, running_engine
from bench.figures import Figure
from chalicelib import sweeps
from chalicelib.domain.session import Session, Status, end
from tests.builders import NOW

_ROOT = Path(__file__).resolve().parents[1]
_KEPT = Path(__file__).with_name("scale.json")
_SIZES = (1_000, 10_000, 100_000)
_WHOLE = ("reconcile", "watch", "accrue")
"""Look at every live session."""
_DUE = ("expire", "terminate")
"""Look at those that are due, one by one: measured for so many seconds, with all of them due."""
_SLICE = 5.0
_PATIENCE = 1e6


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One sweep over so many sessions."""

    sweep: str
    sessions: int
    done: int
    """How many of them it got through."""
    seconds: float
    cpu_seconds: float
    store_calls: int
    market_calls: int
    peak_mb: float


def figures() -> Iterator[Figure]:
    most = int(os.environ.get("SCALE") or 1_000)
    known = {(run.sweep, run.sessions): run for run in kept()}
    for state, size in _order(most):
        with running_engine() as url:
            for run in _runs(url, state, size):
                known[run.sweep, run.sessions] = run
                _keep([*known.values()])
                yield from _told(run)


def _order(most: int) -> list[tuple[str, int]]:
    """The quick ones first: who loses patience has something."""
    sizes = [size for size in _SIZES if size <= most]
    return sorted(((state, size) for state in _CROWDS for size in sizes), key=lambda one: one[1])


def _keep(runs: list[Run]) -> None:
    runs.sort(key=lambda run: (run.sweep, run.sessions))
    _KEPT.write_bytes(msgspec.json.format(msgspec.json.encode(runs), indent=1) + b"\n")
    plot.draw(runs)


def kept() -> list[Run]:
    return msgspec.json.decode(_KEPT.read_bytes(), type=list[Run]) if _KEPT.exists() else []


def _told(run: Run) -> Iterator[Figure]:
    note = f"{run.seconds:.1f} s, {run.cpu_seconds:.1f} s CPU, {run.peak_mb:.0f} MB, {run.market_calls} market calls"
    if run.done < run.sessions:
        note = f"in a run of {_SLICE:g} s: {run.done} sessions; {note}"
    name = f"{run.sweep}, {run.sessions} sessions"
    yield Figure(name=f"{name}: time each", figure=run.seconds / max(run.done, 1) * 1000, unit="ms", note=note)
    yield Figure(name=f"{name}: store calls each", figure=run.store_calls / max(run.done, 1), unit="calls")


def _runs(url: str, state: str, size: int) -> Iterator[Run]:
    crowd = _CROWDS[state]
    fill(CountedTable("bench", url), size, crowd.changed, crowd.each)
    for name in crowd.sweeps:
        command = [sys.executable, "-m", "bench.scale", url, name, str(size)]
        told = subprocess.run(command, cwd=_ROOT, check=True, stdout=subprocess.PIPE, text=True)
        run = msgspec.json.decode(told.stdout.splitlines()[-1], type=Run)
        yield msgspec.structs.replace(run, sweep=name + crowd.said)


def _as_is(session: Session) -> Session:
    return session


def _overdue(session: Session) -> Session:
    return msgspec.structs.replace(session, expires_at=NOW - 1)


def _ending(session: Session) -> Session:
    from chalicelib.domain.session import EndReason

    return end(session, EndReason.DELETED, NOW - 1, "bench")[0]


class _Crowd(msgspec.Struct, frozen=True, kw_only=True):
    """Sessions, and the sweeps that are measured over them."""

    sweeps: tuple[str, ...]
    changed: Callable[[Session], Session]
    each: int = 500
    """Sessions of one consumer: an application that rents for many."""
    said: str = ""


_CROWDS = {
    "running": _Crowd(sweeps=_WHOLE, changed=_as_is),
    "small": _Crowd(sweeps=("accrue",), changed=_as_is, each=3, said=", 3 sessions a consumer"),
    "overdue": _Crowd(sweeps=("expire",), changed=_overdue),
    "ending": _Crowd(sweeps=("terminate",), changed=_ending),
}


def measured(url: str, name: str, size: int) -> Run:
    """In this process, which does nothing else."""
    environment()
    table = CountedTable("bench", url)
    clock = RealTime(lambda: time.monotonic_ns() // 1_000_000)
    market = CrowdedMarket(size, clock.now)
    here = ports(table, market, clock, sweep_seconds=_SLICE if name in _DUE else _PATIENCE)
    here.health.sweep_done("watch", clock.now())  # it would only listen after an absence
    began, cpu = time.perf_counter(), time.process_time()
    table.calls = 0
    sweeps.run(name, here)
    took, used, calls = time.perf_counter() - began, time.process_time() - cpu, table.calls
    peak = _peak_mb()  # before it is counted what was done, which reads every row
    return Run(
        sweep=name, sessions=size, done=_done(here, name, size), seconds=took, cpu_seconds=used, store_calls=calls,
        market_calls=market.calls, peak_mb=peak,
    )  # fmt: skip


def _peak_mb() -> float:
    """Since this program began. `getrusage` would also count the process that started it."""
    (line,) = [one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


def _done(here: Any, name: str, size: int) -> int:
    if name == "expire":
        return size - len(here.sessions.due((Status.RUNNING,), NOW, limit=size))
    if name == "terminate":
        return size - len(here.sessions.due((Status.TERMINATING,), NOW, limit=size))
    return size


if __name__ == "__main__":
    print(json.dumps(msgspec.to_builtins(measured(sys.argv[1], sys.argv[2], int(sys.argv[3])))))
