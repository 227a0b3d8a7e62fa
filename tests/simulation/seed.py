"""Run one seed: a safety phase with faults, then health, and everything must settle."""

import logging
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial

from chalicelib.domain.alert import Kind
from chalicelib.domain.errors import ProviderError, Refusal, Stale, StoreDown
from chalicelib.domain.instant import HOUR, rfc3339
from chalicelib.domain.session import EndReason, Status
from tests.builders import NOW
from tests.simulation import wire as wires
from tests.simulation.books import Drift
from tests.simulation.faults import MINUTE
from tests.simulation.kernel import Violation
from tests.simulation.wire import Wire
from tests.simulation.world import World

SAFETY = 24 * HOUR
EXPECTED = (ProviderError, Refusal, Stale, StoreDown)


@dataclass(slots=True)
class Result:
    """What one seed came to."""

    seed: int
    rule: str | None = None
    detail: str = ""
    digest: str | None = None
    """Of all its events, where it was asked for."""
    lateness: list[int] = field(default_factory=list)
    gaps: list[int] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    figures: Counter[str] = field(default_factory=Counter)
    wired: str | None = None
    """The market that stood behind HTTP."""
    settled: list[Drift] = field(default_factory=list)
    billed: list[Drift] = field(default_factory=list)
    seconds: float = 0.0
    tail: list[str] = field(default_factory=list)
    """The last events, readable; of a failure alone."""


class Surprises(logging.Handler):
    """An error that nobody raises on purpose is a defect, even where a sweep outlives it."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            surprised(error)


def surprised(error: BaseException) -> None:
    if not isinstance(error, EXPECTED):
        raise Violation("surprise", f"{type(error).__name__}: {error}") from error


def run(
    seed: int,
    *,
    wish: str = "mixed",
    layers: tuple[str, ...] = (),
    sessions: int = 20,
    tail: int = 60,
    wire: Wire = "none",
    hashed: bool = False,
) -> Result:
    """`layers`: none for all of them all the time; else those that are left once the machines are up.

    `wire`: which seeds have a market behind its real adapter. `hashed`: the result has a digest of all events.
    """
    log = logging.getLogger("chalicelib")
    surprises = Surprises()
    level, propagate = log.level, log.propagate
    log.setLevel(logging.ERROR)
    log.propagate = False
    log.addHandler(surprises)
    started = time.perf_counter()
    world = World(seed, wish=wish, sessions=sessions)
    world.watch.hashed = hashed
    world.kernel.failed = lambda process, error: surprised(error)
    result = Result(seed)
    wired = wires.string(world, seed) if wires.chosen(seed, wire) else None
    try:
        if layers:
            _ablated(world, layers)
        else:
            _whole(world)
    except Violation as broken:
        world.watch.log("VIOLATION", broken.rule, broken.detail)
        result.rule, result.detail = broken.rule, broken.detail
        result.tail = [_readable(line) for line in list(world.watch.lines)[-tail:]]
    finally:
        log.removeHandler(surprises)
        log.setLevel(level)
        log.propagate = propagate
    watch = world.watch
    result.digest = watch.digest
    result.lateness, result.gaps = watch.lateness, watch.gaps
    result.faults = world.faults.counts
    result.ends = Counter(world.ledgers.ends)
    result.settled, result.billed = list(world.money.books.settled.values()), list(world.money.books.billed.values())
    result.figures.update(
        sessions=len(world.store.sessions._rows),
        creates=watch.creates,
        destroys=watch.destroys,
        adoptions=world.ledgers.adoptions,
        machines=sum(len(machines) for machines in watch.machines.values()),
        sent=len(world.alerts.rows),
        ended_themselves=world.fleet.ended,
        renewals=world.callers.renewers.renewals if world.callers.renewers is not None else 0,
        lapsed=world.ledgers.lapsed,
        budgets=len(world.money.thresholds.budgets),
        thresholds=sum(alert.kind == Kind.BUDGET for alert in world.alerts.rows.values()),
    )
    if wired is not None:
        result.wired = wired.name
        result.figures["requests"] = wired.place.requests
    result.seconds = time.perf_counter() - started
    return result


def _whole(world: World) -> None:
    kernel = world.kernel
    calm = world.faults.calm
    world.begin(SAFETY)
    world.callers.plan(world.sessions, NOW + MINUTE, SAFETY - 10 * HOUR)
    world.money.plan(SAFETY)
    kernel.run(NOW + SAFETY)
    world.heal()
    _settle(world)
    world.money.close()
    _histories(world)
    if calm:
        for row in world.store.sessions._rows.values():
            statuses = [event.after for event in world.store.sessions._events[row.id]]
            excused = row.id in world.callers.ended_early or row.end_reason is EndReason.BUDGET
            if not excused and Status.RUNNING not in statuses:
                raise Violation("I16", f"nothing went wrong, and {row.id} never ran: {row.status_reason}")


def _settle(world: World) -> None:
    kernel = world.kernel
    healed = kernel.time
    while not world.settled():
        rows = world.store.sessions._live.values()
        limit = max([healed, *(min(row.expires_at, row.hard_max_at) for row in rows)]) + 90 * MINUTE
        if kernel.time > limit:
            left = [row.id for row in rows]
            raise Violation("I14", f"not settled {(kernel.time - healed) // MINUTE} min after healing: {left}")
        kernel.run(kernel.time + 10 * MINUTE)


def _histories(world: World) -> None:
    for row in world.store.sessions._rows.values():
        events = world.store.sessions._events[row.id]
        chain = [None, *(event.after for event in events)]
        if any(event.before is not before for event, before in zip(events, chain, strict=False)):
            raise Violation("I11", f"the history of {row.id} has a gap: {chain}")
        if not row.final or chain[-1] is not row.status:
            raise Violation("I14", f"{row.id} is {row.status} at the end")


def _ablated(world: World, layers: tuple[str, ...]) -> None:
    """Machines come up with everything on; then only `layers` are left to end them."""
    kernel = world.kernel
    if "sweeps" not in layers and "request" in layers:
        # A caller that dies between its write and its message leaves the work to the sweeps: here are none.
        world.faults.mute("kill", "throttle", "store_timeout", "slow_store", "message_lost", "list_error", "get_error")
    if "sweeps" not in layers and "janitor" in layers:
        # Without the overrides it waits until 24 h, by rule; a label that changed, or a list that lies, is all it has.
        world.faults.mute("override_down", "relabel", "list_lies")
    world.begin(SAFETY)
    world.callers.plan(world.sessions, NOW + MINUTE, 2 * HOUR, only_long=True)
    kernel.run(NOW + 5 * HOUR // 2)
    world.reduce(layers)
    if "request" in layers:
        for key in list(world.callers.opened):
            at = kernel.time + round(world.rng.random() * 8 * HOUR)
            kernel.at(at, partial(world.callers.end, key, EndReason.DELETED))
    kernel.run(NOW + 15 * HOUR)
    world.heal()
    kernel.run(NOW + 27 * HOUR)
    world.watch.look_around()


def _readable(line: tuple[object, ...]) -> str:
    at, who, *what = line
    return f"{rfc3339(int(str(at)))[11:23]} {who:<16} {' '.join(str(word) for word in what)}"
