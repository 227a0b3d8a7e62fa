"""What it costs to run on AWS: measured calls and capacity, times the prices. The formulas are the functions below.

Calls are counted on the embedded engine, which tells the capacity that DynamoDB would bill. What Lambda bills is
time: our measured CPU, scaled to the share of a CPU that the function's memory buys, and the waiting for each call;
for the inventory also the waiting for the markets, which is assumed (`bench.looking`).
"""

import time
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

from msgspec.structs import replace

from bench import looking, prices
from bench.crowd import CountedTable
from bench.engine import running_engine
from bench.figures import Figure
from bench.looking import Looks
from bench.offers import market
from chalicelib import sweeps
from chalicelib.domain import lease
from chalicelib.domain.policy import Policy
from chalicelib.domain.pulse import Pulse
from chalicelib.domain.schedule import EVERY, WOKEN
from chalicelib.domain.session import Session
from chalicelib.ports import Ports
from chalicelib.store import open_store
from chalicelib.usecases.refreshing import refresh
from deploy import alarms
from deploy.functions import API, FUNCTIONS
from tests.api.client import Api
from tests.builders import a_consumer, an_offer
from tests.fakes.provider import FakeProvider
from tests.usecases.stalls import one_by_one
from tests.world import World

_MONTH = 30 * 86_400
_CPU_AT_MB = 1_769  # Lambda gives a whole CPU at this much memory, and shares of it below
_WAIT_MS = 8.0  # a call of DynamoDB or SQS within a region
_LOG_KB = 0.7  # of one invocation: the platform's three lines, and ours
_IDLE_POLLS = 5 * 3 * 60 * 24 * 30  # Lambda keeps five pollers at an empty queue, 20 s a poll
_COLD_SHARE = 0.02  # of all invocations: a function called each minute stays warm for hours
_COLD_MS = 230.0  # CPU of a cold start, see `cold start` above
_HOURS, _BEATS = 1.0, 60
_SLOT_WRITES = (
    2  # of the shared pace: the row is believed idle, and then is not; who is refused a write pays for it too
)
PAGE_SECONDS = {"sessions": 3, "ended": 60, "inventory": 45, "health": 15, "alerts": 20, "costs": 30}
"""How often the web page asks for each of its parts while somebody looks at it."""


class Used(NamedTuple):
    """What some work took of AWS."""

    invocations: float = 0
    gb_seconds: float = 0
    reads: float = 0
    writes: float = 0
    messages: float = 0
    requests: float = 0

    def times(self, factor: float) -> "Used":
        return Used(*(factor * part for part in self))

    def plus(self, other: "Used") -> "Used":
        return Used(*(mine + more for mine, more in zip(self, other, strict=True)))

    def dollars(self, *, account_is_empty: bool) -> float:
        """What it costs in a month in which nothing else is used. A message is sent, received and deleted."""
        pairs = (
            (prices.LAMBDA_REQUEST, self.invocations),
            (prices.LAMBDA_GB_SECOND, self.gb_seconds),
            (prices.TABLE_READ_UNIT, self.reads),
            (prices.TABLE_WRITE_UNIT, self.writes),
            (prices.QUEUE_REQUEST, 3 * self.messages),
            (prices.GATEWAY_REQUEST, self.requests),
            (prices.LOG_GB, self.invocations * _LOG_KB / 1e6),
        )
        return sum(price.of(amount, account_is_empty=account_is_empty) for price, amount in pairs)


def standing(stage: str = "prod") -> dict[str, int]:
    """What is billed for being there: metrics that alarms look at, and metrics of our own."""
    watched = 0
    own: set[tuple[str, str]] = set()
    for made in alarms.resources(stage).values():
        properties = made["Properties"]
        queries = [one["MetricStat"]["Metric"] for one in properties.get("Metrics", ()) if "MetricStat" in one]
        metrics = queries or [properties]
        watched += len(metrics)
        own |= {(one["MetricName"], str(one["Dimensions"])) for one in metrics if one["Namespace"] == "GpuShopper"}
    return {"alarm metrics": watched, "own metrics": len(own)}


def idle_month(pass_of: dict[str, Used]) -> Used:
    """Every sweep as often as it is woken, and an empty queue that is asked all the time."""
    total = Used(messages=_IDLE_POLLS / 3)  # a poll is one request, a message counts as three
    for name, used in pass_of.items():
        total = total.plus(used.times(_MONTH / WOKEN[name]))
    return total


class Looking(NamedTuple):
    """What the table is asked for when the markets are looked at, the pace aside."""

    whole: Used
    """A look at both markets, of `bench.looking`'s size, with one snapshot of each."""
    small: Used
    """The same with next to nothing at Vast.ai: the difference is what the size of the snapshot makes."""
    nothing_due: Used
    """Woken, and nothing is due."""


def looks_used(looks: Looks, units: Looking) -> Used:
    """The invocations are those of the wake-ups, and counted there."""
    pace = Used(writes=_SLOT_WRITES * looks.searches)
    time_there = Used(gb_seconds=FUNCTIONS["inventory"].memory / 1024 * looks.seconds)
    large = _units(units.whole, looks.snapshots).plus(_units(units.small, -looks.snapshots))
    return time_there.plus(pace).plus(large).plus(_units(units.small, looks.small_snapshots))


def idle_looks(policy: Policy, units: Looking) -> Used:
    """A month of looks though nobody asks, and of wake-ups between them."""
    month = looking.idle_looks_a_month(policy)
    wakes = _units(units.nothing_due, _MONTH / WOKEN["inventory"] - month)
    return looks_used(looking.idle_look(policy).times(month), units).plus(wakes)


def browsed_hour(policy: Policy, units: Looking, request: Used) -> Used:
    """An hour of somebody with the web page open: the looks, and what the page asks for."""
    asked = sum(3600 / pause for pause in PAGE_SECONDS.values())
    return looks_used(looking.browsed_hour(policy), units).plus(request.times(asked))


def _units(used: Used, factor: float) -> Used:
    return Used(reads=used.reads * factor, writes=used.writes * factor)


def standing_dollars(*, account_is_empty: bool) -> float:
    counted = standing()
    pairs = (
        (prices.ALARM_METRIC, counted["alarm metrics"]),
        (prices.CUSTOM_METRIC, counted["own metrics"]),
        (prices.DASHBOARD, 1),
    )
    return sum(price.of(amount, account_is_empty=account_is_empty) for price, amount in pairs)


def billed(name: str, cpu_ms: float, calls: float) -> Used:
    """One invocation of this function, what it asked of the table aside."""
    memory = FUNCTIONS[name].memory
    speed = min(1.0, memory / _CPU_AT_MB)
    warm = cpu_ms / speed + calls * _WAIT_MS
    cold = _COLD_MS / speed + 10 * _WAIT_MS
    return Used(invocations=1, gb_seconds=memory / 1024 * ((1 - _COLD_SHARE) * warm + _COLD_SHARE * cold) / 1000)


class Meter:
    """A world over the engine, whose calls and capacity are counted."""

    def __init__(self, url: str) -> None:
        self.table = CountedTable("costs", url)
        self.table.create()
        self.reads = self.writes = 0.0
        client = self.table._connection.connection.client
        client.meta.events.register("after-call.dynamodb", self._heard)
        self.api = Api()
        self.world: World = self.api.world
        store = open_store(self.world.ports.settings, self.table)
        for consumer in ("ada", "operator"):
            record = a_consumer(id=consumer, max_sessions=50, max_price_per_hour=10**9)
            store.access.put_consumer(record, create=True)
        for key_id in [key.id for name in ("ada", "operator") for key in self.world.store.access.keys_of(name)]:
            known = self.world.store.access.key(key_id)
            if known is not None:
                store.access.put_key(known)
        there: dict[str, Any] = {
            name: getattr(store, name) for name in ("sessions", "access", "ledger", "health", "alerts")
        }
        self.world.ports = replace(self.world.ports, **there)

    def _heard(self, parsed: Any, model: Any, **_: object) -> None:
        told = parsed.get("ConsumedCapacity") or []
        units = sum(one["CapacityUnits"] for one in (told if isinstance(told, list) else [told]))
        if model.name in ("GetItem", "BatchGetItem", "Query"):
            self.reads += units
        else:
            self.writes += units

    def of(self, name: str, work: Any, times: int = 1) -> Used:
        """Mean of so many invocations of the function `name`."""
        self.reads = self.writes = 0.0
        self.table.calls = 0
        began = time.process_time()
        for _ in range(times):
            work()
        cpu_ms = (time.process_time() - began) * 1000 / times
        mine = billed(name, cpu_ms, self.table.calls / times)
        return mine._replace(reads=self.reads / times, writes=self.writes / times)


def idle_passes(meter: Meter) -> dict[str, Used]:
    """One run of each sweep with nothing rented; the nightly comparison of bills is not worth counting."""
    names = [name for name in WOKEN if name not in ("invoice",)]
    for name in names:
        sweeps.wake(name, meter.world.ports)
    return {name: meter.of(name, partial(_after_its_pause, meter.world, name), times=10) for name in names}


def _after_its_pause(world: World, name: str) -> None:
    world.clock.advance(WOKEN[name])
    sweeps.wake(name, world.ports)


def table_of_looks(meter: Meter) -> Looking:
    """Real looks at fake markets of the real ones' size, into the engine."""
    inventory = open_store(meter.world.ports.settings, meter.table).inventory
    clock = meter.world.clock
    places = [an_offer(id=f"tensordock:{number}", provider="tensordock") for number in range(looking.PLACES)]
    tensordock = FakeProvider("tensordock", clock, places)

    def look(ports: Ports) -> None:
        clock.advance(ports.settings.policy.inventory_idle_seconds)
        refresh(ports, one_by_one)

    def measured(offers: int) -> tuple[Used, Used]:
        vastai = FakeProvider("vastai", clock, market(offers))
        ports = replace(meter.world.ports, inventory=inventory, providers={"vastai": vastai, "tensordock": tensordock})
        for _ in range(2):
            look(ports)  # so that both markets are known
        looked = meter.of("inventory", partial(look, ports), times=3)
        return looked, meter.of("inventory", partial(refresh, ports, one_by_one))

    whole, nothing_due = measured(2 * looking.OFFERS)
    small, _ = measured(2)
    return Looking(whole=whole, small=small, nothing_due=nothing_due)


def one_session(meter: Meter, idle: dict[str, Used]) -> Used:
    """A session of an hour: asked for, launched, heard each minute, written down each five, ended, proven, settled.

    Each step is a run of the worker. Sweeps look at many sessions in one run: of them counts the capacity that the one
    session adds to an idle run.
    """
    world = meter.world
    total = meter.of(API, lambda: meter.api.rent()).plus(Used(requests=1, messages=1))
    [session] = list(world.ports.sessions.live())
    steps = 0
    while (due := world.wakeups.due_at()) is not None and steps < 40:
        world.clock.advance(max(0, due - world.clock.now()) / 1000)
        total = total.plus(meter.of("worker", world._deliver)).plus(Used(messages=1))
        steps += 1
    secret = "ab" * 32
    known = lease.mark(lease.digest(session.id, secret, world.ports.secrets.pepper), 0)
    row = world.ports.sessions.get(session.id)
    assert row is not None
    world.ports.sessions.save(row, _told(row, known))
    headers = {"Authorization": f"Bearer ga_{session.id}_{secret}"}
    beats = iter(range(1, 10_000))

    def beat() -> None:
        told = {"uptime_seconds": next(beats), "gpu_util": [97], "ssh_sessions": 1}
        meter.api.send("POST", "/agent/heartbeat", told, who=None, headers=headers)

    total = total.plus(meter.of(API, beat, times=5).plus(Used(requests=1)).times(_BEATS * _HOURS))
    for name in ("watch", "reconcile", "accrue"):
        world.clock.advance(EVERY[name])
        share = meter.of(name, lambda name=name: sweeps.wake(name, world.ports))
        more = Used(reads=share.reads - idle[name].reads, writes=share.writes - idle[name].writes)
        total = total.plus(Used(*(max(0.0, part) for part in more)).times(_HOURS * 3600 / EVERY[name]))
    total = total.plus(meter.of(API, lambda: meter.api.send("DELETE", f"/sessions/{session.id}"))).plus(
        Used(requests=1)
    )
    while (due := world.wakeups.due_at()) is not None and steps < 80:
        world.clock.advance(max(0, due - world.clock.now()) / 1000)
        total = total.plus(meter.of("worker", world._deliver)).plus(Used(messages=1))
        steps += 1
    return total


def _told(session: Session, mark: str) -> Session:
    import msgspec

    return msgspec.structs.replace(session, agent_mark=mark, pulse=Pulse(ssh_sessions=0, uptime_seconds=1.0))


def figures() -> Iterator[Figure]:
    with running_engine() as url:
        meter = Meter(url)
        passes = idle_passes(meter)
        units = table_of_looks(meter)
        request = meter.of(API, lambda: meter.api.send("GET", "/sessions"), times=20).plus(Used(requests=1))
        idle, session = idle_month(passes), one_session(meter, passes)
    policy = meter.world.ports.settings.policy
    looks, browsed = idle_looks(policy, units), browsed_hour(policy, units, request)
    for empty, where in ((True, "in an account with its free part left"), (False, "where that is used up")):
        fixed, work = standing_dollars(account_is_empty=empty), idle.dollars(account_is_empty=empty)
        both = idle.plus(looks).dollars(account_is_empty=empty)  # what is free is free for both together
        note = (
            f"{where}: {fixed:.2f} for alarms and metrics, {work:.2f} for the sweeps, {both - work:.2f} for the looks"
        )
        yield Figure(name="idle for a month", figure=fixed + both, unit="USD", note=note)
    for empty, where in ((True, "Lambda's free part left"), (False, "where that is used up")):
        note = f"{where}; {_said(browsed)}"
        dollars = browsed.dollars(account_is_empty=empty)
        yield Figure(name="an hour of browsing", figure=dollars, unit="USD", note=note)
    thousand = session.times(1000)
    yield Figure(name="1,000 sessions of an hour", figure=thousand.dollars(account_is_empty=False), unit="USD",
                 note=_said(thousand))  # fmt: skip
    yield Figure(name="idle for a month: invocations", figure=idle.invocations, unit="calls", note=_said(idle))
    yield Figure(name="idle for a month: looks at markets", figure=looking.idle_looks_a_month(policy), unit="looks",
                 note=_said(looks))  # fmt: skip


def _said(used: Used) -> str:
    return (
        f"{used.invocations:,.0f} invocations, {used.gb_seconds:,.0f} GB-s, {used.reads:,.0f} read and "
        f"{used.writes:,.0f} write units, {used.messages:,.0f} messages, {used.requests:,.0f} requests"
    )
