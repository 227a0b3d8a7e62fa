"""Money on the real state engine: the report of a month."""

import time
from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from bench.crowd import CountedTable
from bench.engine import running_engine
from bench.figures import Figure
from chalicelib.domain import ledger, period
from chalicelib.domain.attempt import Attempt, Look, Stage
from chalicelib.domain.billing import Reading
from chalicelib.domain.instance import Phase
from chalicelib.domain.instant import HOUR, Instant
from chalicelib.domain.posting import Posting
from chalicelib.domain.session import Session, Status
from chalicelib.store import open_store
from chalicelib.store.table import Table
from chalicelib.usecases import costing
from tests.builders import NOW, a_consumer, a_session, an_offer
from tests.world import World

_CONSUMERS, _MONTH = 20, 1_000
_TOGETHER = 30  # sessions of a month written in one transaction
_CARDS = ("RTX 4090", "RTX 3090", "H100 SXM", "A100 SXM")


def figures() -> Iterator[Figure]:
    with running_engine() as url:
        table = CountedTable("bench", url)
        table.create()
        yield from _report(table)


def _report(table: CountedTable) -> Iterator[Figure]:
    """A month in which each of a thousand sessions ran an hour."""
    world = _world(table)
    payer = a_consumer(id="c-month", max_sessions=10_000)
    world.ports.access.put_consumer(payer, create=True)
    start, end = period.bounds("2026-08")
    step = (end - start) // _MONTH
    sessions = [_over(number, "c-month", start + number * step) for number in range(_MONTH)]
    for first in range(0, _MONTH, _TOGETHER):
        lines = [(None, line) for one in sessions[first : first + _TOGETHER] for line in ledger.lines(one, NOW)]
        world.ports.ledger.post(Posting(consumer=payer, lines=tuple(lines)))
    for group_by in ("day", "session"):
        table.calls, began = 0, time.perf_counter()
        found = costing.of_consumers(world.ports, "c-month", "2026-08-01", "2026-08-31", group_by)
        took = time.perf_counter() - began
        note = f"{_MONTH} sessions, {len(found.groups)} groups"
        yield Figure(name=f"costs of a month by {group_by}", figure=took * 1000, unit="ms", note=note)
        yield Figure(name=f"costs of a month by {group_by}: store calls", figure=table.calls, unit="calls", note=note)


def _world(table: Table) -> World:
    world = World()
    store = open_store(world.ports.settings, table)
    world.ports = replace(world.ports, sessions=store.sessions, access=store.access, ledger=store.ledger)
    for number in range(_CONSUMERS):
        consumer = a_consumer(id=f"c-{number}", max_sessions=10_000)
        store.access.put_consumer(consumer, create=store.access.consumer(consumer.id) is None)
    return world


def _running(number: int, consumer: str, at: Instant) -> Session:
    offer = an_offer(gpu=_CARDS[number % len(_CARDS)])
    reading = Reading(instance_id=f"i-{number}", at=at + 60_000, phase=Phase.RUNNING, price_per_hour=408_000)
    attempt = Attempt(
        offer=offer, disk_gb=40, stage=Stage.BOOTING, called_at=at, at=at, deadline_at=at,
        instance_ids=(f"i-{number}",), readings=(reading,),
    )  # fmt: skip
    return a_session(number, consumer=consumer, created_at=at, status=Status.RUNNING, attempts=(attempt,), hold=560_000)


def _over(number: int, consumer: str, at: Instant) -> Session:
    session = _running(number, consumer, at)
    look = Look(at=at + HOUR, instance_ids=(f"i-{number}",), machines_listed=0)
    attempt = msgspec.structs.replace(session.attempts[0], stage=Stage.CLOSED, look=look)
    return msgspec.structs.replace(
        session, status=Status.TERMINATED, attempts=(attempt,), ended_at=at + HOUR, settled_at=at + HOUR, hold=0
    )
