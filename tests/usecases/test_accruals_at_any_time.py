"""Whenever, however often and however late the ledger is written, what is settled is the exact fraction's sum."""

from fractions import Fraction

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.attempt import Look
from chalicelib.domain.billing import Billing
from chalicelib.domain.instant import HOUR, SECOND
from chalicelib.domain.session import Event, Session, Status
from chalicelib.ports import Admission
from chalicelib.usecases.accruing import accrue, settle
from tests.builders import NOW, a_session, an_offer
from tests.domain.test_ledger import BY_PHASE, _Seen, attempt_of, oracle, sightings
from tests.world import World

HOLD = 5_000_000
ticks = st.lists(st.tuples(st.integers(0, 40 * HOUR), st.integers(1, 3)), max_size=8)
"""(when, how many times at once)."""


def opened(world: World) -> Session:
    session = a_session(consumer="c-ada", status=Status.RUNNING, hold=HOLD)
    event = Event(
        session_id=session.id, at=NOW, before=None, after=Status.PENDING, reason="requested", actor="c-ada"
    )  # fmt: skip
    return world.store.sessions.open(session, event, Admission(consumer=world.consumer, key_id=None))


def written(world: World) -> int:
    return sum(one.cost for one in world.store.ledger.totals("c-ada", "2026-01-01", "2026-12-31"))


@settings(max_examples=150, deadline=None)
@given(sightings, st.integers(1, 30 * HOUR), ticks, st.sampled_from((Billing(), BY_PHASE)), st.integers(1, 3_000_000))
def test_any_ticks_settle_to_the_exact_sum(
    seen: list[_Seen], end: int, written_at: list[tuple[int, int]], billing: Billing, price: int
) -> None:
    seen = sorted((one for one in seen if one[0] <= end), key=lambda one: one[0])
    offer = an_offer(gpu_per_hour=price / 1e6)
    world = World()
    session = opened(world)
    sums = [0]
    for at, times in sorted(written_at):
        if at >= end:
            break
        known = attempt_of(offer, billing, [one for one in seen if one[0] <= at])
        row = world.again(session)
        world.store.sessions.save(row, msgspec.structs.replace(row, attempts=(known,)))
        world.clock.advance((NOW + at - world.clock.now()) / SECOND)
        for _ in range(times):
            accrue(world.ports, world.ports.sessions.live())
            sums.append(written(world))
    attempt = attempt_of(offer, billing, seen)
    look = Look(at=NOW + end, instance_ids=("i-1",), machines_listed=0)
    row = world.again(session)
    over = msgspec.structs.replace(
        row, status=Status.TERMINATED, ended_at=NOW + end, attempts=(msgspec.structs.replace(attempt, look=look),)
    )
    world.store.sessions.save(row, over)
    world.clock.advance((NOW + end - world.clock.now()) / SECOND + 1)
    for _ in range(2):
        settle(world.ports, world.again(session))
    lines = world.store.ledger.session_lines("c-ada", "2026-01-01", "2026-12-31")
    assert abs(written(world) - oracle(offer, billing, seen, end)) <= Fraction(len(lines), 2)
    assert sum(line.cost for line in lines) == written(world)
    assert sums == sorted(sums)
    consumer = world.store.access.consumer("c-ada")
    assert consumer is not None
    assert (consumer.reserved, consumer.booked) == (0, written(world))
