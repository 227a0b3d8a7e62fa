"""Whenever, however often and however late the ledger is written, what is settled is the exact fraction's sum."""

from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.attempt import Look
from chalicelib.domain.billing import Billing
from chalicelib.domain.budget import Budget
from chalicelib.domain.errors import Refusal
from chalicelib.domain.instance import Phase
from chalicelib.domain.instant import HOUR, SECOND
from chalicelib.domain.session import Event, Session, Status
from chalicelib.ports import Admission
from chalicelib.usecases import lifecycle
from chalicelib.usecases.accruing import accrue, settle
from chalicelib.usecases.budgeting import put
from tests.builders import NOW, a_session, an_offer
from tests.domain.test_ledger import BY_PHASE, _Seen, attempt_of, oracle, sightings
from tests.world import World

HOLD = 5_000_000
ticks = st.lists(st.tuples(st.integers(0, 40 * HOUR), st.integers(1, 3)), max_size=8)
"""(when, how many times at once)."""


def opened(world: World, **changes: Any) -> Session:
    session = a_session(consumer="c-ada", status=Status.RUNNING, **{"hold": HOLD, **changes})
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


def spent(world: World, hold: int, minutes: float) -> Session:
    """One that has run for a while, written down to the last micro-dollar, at $0.40 an hour."""
    attempt = attempt_of(an_offer(gpu_per_hour=0.4, disk_per_gb_hour=0.0), Billing(), [(0, Phase.RUNNING, 400_000)])
    session = opened(world, hold=hold, attempts=(attempt,))
    lag = world.ports.settings.policy.accrue_lag_seconds
    world.clock.advance(minutes * 60 + lag)
    accrue(world.ports, [session])
    return world.again(session)


def money(world: World) -> tuple[int, int]:
    consumer = world.store.access.consumer("c-ada")
    assert consumer is not None
    return consumer.reserved, consumer.booked


def test_an_extension_sets_aside_all_that_it_may_cost_whatever_was_spent_before() -> None:
    """Half an hour costs $0.20; an hour more may cost $0.408."""
    for hold, left in ((300_000, 100_000), (200_000, 0), (50_000, 0)):
        world = World()
        session = spent(world, hold, 30)
        assert money(world) == (left, 200_000 + left)
        longer = lifecycle.extend(world.ports, session, 1, override=False, actor="c-ada")
        assert world.again(session) == longer
        assert longer.hold == max(hold, 200_000) + 408_000
        assert money(world) == (left + 408_000, 200_000 + left + 408_000)


def test_an_extension_writes_down_what_was_spent_since_the_last_accrual() -> None:
    world = World()
    session = spent(world, 220_000, 30)
    world.clock.advance(6 * 60)
    longer = lifecycle.extend(world.ports, session, 1, override=False, actor="c-ada")
    assert longer.hold == 240_000 + 408_000
    assert written(world) == 240_000
    assert money(world) == (408_000, 648_000)


def test_an_accrual_that_knows_an_earlier_hold_looks_again() -> None:
    world = World()
    session = spent(world, 200_000, 30)
    longer = lifecycle.extend(world.ports, session, 1, override=False, actor="c-ada")
    world.clock.advance(6 * 60)
    accrue(world.ports, [session])
    assert written(world) == 240_000
    assert money(world) == (longer.hold - 240_000, longer.hold)


def test_an_extension_that_the_budget_does_not_cover_changes_nothing() -> None:
    world = World()
    session = spent(world, 50_000, 30)
    for limit, fits in ((607_999, False), (608_000, True)):
        put(world.ports, "c-ada", Budget(period="day", limit=limit, on_exceeded="block", since=NOW))
        if fits:
            lifecycle.extend(world.ports, session, 1, override=False, actor="c-ada")
        else:
            with pytest.raises(Refusal) as refused:
                lifecycle.extend(world.ports, session, 1, override=False, actor="c-ada")
            assert refused.value.code == "budget_exceeded"
            assert world.again(session) == session
            assert money(world) == (0, 200_000)
    assert money(world) == (408_000, 608_000)


def test_an_override_is_kept_only_if_the_budget_covers_what_was_not_yet_written_down_as_well() -> None:
    """After six minutes more, $0.04 has been spent beyond the hold that nobody has booked."""
    world = World()
    session = spent(world, 200_000, 30)
    session = world.store.sessions.save(session, msgspec.structs.replace(session, hard_max_at=session.expires_at))
    world.clock.advance(6 * 60)
    for limit in (647_999, 648_000):
        put(world.ports, "c-ada", Budget(period="day", limit=limit, on_exceeded="block", since=NOW))
        if limit == 648_000:
            lifecycle.extend(world.ports, session, 1, override=True, actor="operator")
        else:
            with pytest.raises(Refusal, match="neither spent nor reserved"):
                lifecycle.extend(world.ports, session, 1, override=True, actor="operator")
            assert world.overrides.kept == {}
    longer = world.again(session)
    assert world.overrides.kept == {session.id: longer.expires_at}
    assert longer.hard_max_at == longer.expires_at == session.expires_at + HOUR
