"""Any number of sessions that run, in the embedded engine, and a market that lists all of their machines."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from msgspec.structs import replace
from pynamodb.expressions.update import Action

from chalicelib.domain.access import Consumer, Role
from chalicelib.domain.attempt import Attempt, Stage
from chalicelib.domain.billing import Billing, Reading
from chalicelib.domain.instance import Absent, Instance, Listing, Phase
from chalicelib.domain.instant import HOUR, Instant
from chalicelib.domain.money import Micros
from chalicelib.domain.pulse import Pulse
from chalicelib.domain.session import Session, Status
from chalicelib.ports import Ports, Provider
from chalicelib.store import open_store
from chalicelib.store.records import rows_of
from chalicelib.store.session_rows import session_key, stored
from chalicelib.store.table import Table
from tests.builders import NOW, a_consumer, a_session, an_offer
from tests.world import World

T = TypeVar("T")

_EACH = 500  # sessions of a consumer
_AGO = HOUR // 2
_PRICE = 408_000
_RETENTION = 90 * 24 * HOUR


class CountedTable(Table):
    """Counts what goes over the wire."""

    calls = 0

    def run(self, call: Callable[[], T]) -> T:
        self.calls += 1
        return super().run(call)


class CrowdedMarket:
    """A Provider whose account holds machine `i-{number}` for the session of each number."""

    name = "vastai"
    default_image = "image"
    billing = Billing()

    def __init__(self, size: int, now: Callable[[], Instant]) -> None:
        self._size, self._now = size, now
        self.calls = 0

    def list(self) -> Listing:
        self.calls += 1
        machines = tuple(
            Instance(
                provider=self.name, id=f"i-{number}", tag=running(number).tag, phase=Phase.RUNNING, status="running",
                gpu="RTX 4090", gpu_count=1, price_per_hour=_PRICE,
            )
            for number in range(self._size)
        )  # fmt: skip
        return Listing(provider=self.name, taken_at=self._now(), instances=machines)

    def get(self, instance_id: str) -> Instance | Absent:
        self.calls += 1
        return Instance(provider=self.name, id=instance_id, tag=None, phase=Phase.RUNNING, status="running")

    def destroy(self, instance_id: str) -> None:
        self.calls += 1

    def balance(self) -> Micros | None:
        self.calls += 1
        return None


class RealTime:
    """The Clock port that begins when the tests take place and goes on as time does."""

    def __init__(self, monotonic_ms: Callable[[], int]) -> None:
        self._monotonic_ms = monotonic_ms
        self._began = monotonic_ms()

    def now(self) -> Instant:
        return NOW + self._monotonic_ms() - self._began

    def sleep(self, seconds: float) -> None:
        """Nobody has to wait here."""


def running(number: int) -> Session:
    """Half an hour old, billed from its first minute, heard of just now; each one the same as ever."""
    at = NOW - _AGO
    seen = Reading(instance_id=f"i-{number}", at=at + 60_000, phase=Phase.RUNNING, price_per_hour=_PRICE)
    attempt = Attempt(
        offer=an_offer(), disk_gb=40, stage=Stage.BOOTING, called_at=at, at=at, deadline_at=at,
        instance_ids=(seen.instance_id,), readings=(seen,), appeared=True, answered=True,
    )  # fmt: skip
    return a_session(
        number, consumer=payer(number), created_at=at, status=Status.RUNNING, attempts=(attempt,), hold=560_000,
        running_at=at + 60_000, last_heartbeat_at=NOW, active_at=NOW, agent_mark="0" * 64 + ":1", version=4,
        pulse=Pulse(gpu_util=(97.0,), ssh_sessions=1, uptime_seconds=1700.0), gpu_util=97.0,
    )  # fmt: skip


def payer(number: int, each: int = _EACH) -> str:
    return f"c-{number // each}"


def fill(table: Table, size: int, changed: Callable[[Session], Session], each: int = _EACH) -> None:
    """Make the table and all their rows, `each` of them of one consumer."""
    table.create()
    rows = rows_of(table, Session)
    with rows.batch_write() as batch:
        for number in range(size):
            session = changed(replace(running(number), consumer=payer(number, each)))
            batch.save(rows(*session_key(session.id), **stored(session, _RETENTION)))
    access = open_store(World().ports.settings, table).access
    for number in range(0, size, each):
        mine = min(each, size - number)
        consumer = a_consumer(id=payer(number, each), role=Role.CONSUMER, max_sessions=1000, max_price_per_hour=10**12)
        access.put_consumer(consumer, create=True)
        _count(table, consumer.id, mine)


def ports(table: Table, market: CrowdedMarket, clock: RealTime, **policy: float) -> Ports:
    """What a sweep of them needs, over this table."""
    world = World(environ={f"SHOPPER_{name.upper()}": str(value) for name, value in policy.items()})
    store = open_store(world.ports.settings, table)
    there: dict[str, Any] = {
        name: getattr(store, name) for name in ("sessions", "access", "ledger", "inventory", "health", "alerts")
    }
    provider = cast(Provider, market)  # sweeps of machines that run neither search nor rent
    return replace(world.ports, clock=clock, providers={market.name: provider}, **there)


def _count(table: Table, consumer: str, sessions: int) -> None:
    """What opening them would have counted."""
    from chalicelib.store.access import consumer_key

    rows = rows_of(table, Consumer)
    columns = rows.get_attributes()
    counted = {"sessions": sessions, "committed_per_hour": sessions * _PRICE, "reserved": sessions * 560_000}
    actions: list[Action] = [
        columns[name].set(value) for name, value in (counted | {"booked": counted["reserved"]}).items()
    ]
    table.run(lambda: rows(*consumer_key(consumer)).update(actions))
