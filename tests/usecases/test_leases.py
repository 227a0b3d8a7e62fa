"""A caller that rented and died leaves nothing behind; one that renews keeps what is theirs."""

from typing import Any

import msgspec
import pytest

from chalicelib.domain.errors import Refusal, Stale
from chalicelib.domain.instant import HOUR, SECOND, Instant
from chalicelib.domain.lease import Lease
from chalicelib.domain.session import EndReason, Event, Session, Status
from chalicelib.sweeps import expire
from chalicelib.usecases import leasing, lifecycle
from tests.builders import NOW
from tests.world import World

MINUTE = 60 * SECOND
GRACE = 10 * MINUTE
PATIENCE = 20 * MINUTE
PUBLIC = {"SHOPPER_PUBLIC_URL": "https://shopper.example.com"}


def carried(world: World) -> Lease:
    [machine] = world.market.live()
    assert machine.order is not None
    assert machine.order.agent is not None
    return machine.order.agent


def test_a_session_that_nobody_renews_ends_and_says_why() -> None:
    world = World()
    session = world.rent(hours=8, lease_minutes=10)
    world.run(9 * 60)
    assert world.again(session).status is Status.RUNNING
    world.run(3 * 60)
    ended = world.again(session)
    assert (ended.status, ended.end_reason) == (Status.TERMINATED, EndReason.EXPIRED)
    assert world.market.live() == []
    [told] = [event for event in world.store.sessions.events(session.id) if event.after is Status.TERMINATING]
    assert (told.reason, told.actor) == ("expired", "service")
    assert told.detail == "the lease was not renewed: it ran out at 2026-09-21T14:23:20.000Z"


def test_it_ends_before_it_ever_ran_too() -> None:
    world = World(boot_seconds=3600)
    session = world.rent(lease_minutes=5)
    world.run(7 * 60)
    ended = world.again(session)
    assert (ended.status, ended.end_reason) == (Status.FAILED, EndReason.EXPIRED)
    assert world.market.live() == []


def test_who_renews_keeps_it_until_its_hours_are_over_and_no_longer() -> None:
    world = World()
    session = world.rent(hours=1, lease_minutes=10)
    for _ in range(8):
        world.run(7 * 60)
        lifecycle.renew(world.ports, world.again(session))
    assert world.again(session).status is Status.RUNNING
    world.run(4 * 60 + 1)
    assert world.again(session).expires_at == NOW + HOUR
    assert world.again(session).status is Status.TERMINATING
    with pytest.raises(Refusal) as refused:
        lifecycle.renew(world.ports, world.again(session))
    assert (refused.value.status, refused.value.code) == (409, "not_live")


def test_the_hold_is_the_worst_case_by_the_hours_with_a_lease_or_without() -> None:
    world = World()
    assert world.rent(hours=8, lease_minutes=10).hold == world.rent(hours=8).hold > 0


def test_a_session_without_a_lease_has_nothing_to_renew() -> None:
    world = World()
    with pytest.raises(Refusal) as refused:
        lifecycle.renew(world.ports, world.rent())
    assert (refused.value.status, refused.value.code) == (409, "no_lease")


def test_nobody_renews_past_the_hours_in_the_minute_before_the_sweep_comes() -> None:
    world = World()
    session = world.rent(hours=0.5, lease_minutes=60)
    world.clock.advance(1800)
    with pytest.raises(Refusal) as refused:
        lifecycle.renew(world.ports, session)
    assert refused.value.code == "not_live"


def test_a_renewal_that_comes_late_counts_while_nothing_has_ended() -> None:
    world = World()
    session = world.rent(lease_minutes=5)
    world.run(100)
    world.clock.advance(300)
    renewed = lifecycle.renew(world.ports, world.again(session))
    assert renewed.lease_expires_at == world.clock.now() + 5 * MINUTE
    expire.run(world.ports)
    assert world.again(session).status is Status.RUNNING


def in_between(world: World, monkeypatch: pytest.MonkeyPatch, change: object) -> None:
    """`change` is done by somebody else just before the next save that ends a session."""
    save, done = world.store.sessions.save, list[object]()

    def saving(before: Session, after: Session, event: Event | None = None) -> Session:
        if after.status is Status.TERMINATING and not done:
            done.append(change)
            change()  # type: ignore[operator]
        return save(before, after, event)

    monkeypatch.setattr(world.store.sessions, "save", saving)


def test_a_sweep_does_not_end_what_was_renewed_while_it_looked(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    session = world.rent(lease_minutes=5)
    world.run(100)
    world.clock.advance(300)
    in_between(world, monkeypatch, lambda: lifecycle.renew(world.ports, world.again(session)))
    expire.run(world.ports)
    assert world.again(session).status is Status.RUNNING


def test_a_sweep_does_not_end_what_was_extended_while_it_looked(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    session = world.rent(hours=1)
    world.run(3500)
    row = world.again(session)
    world.clock.advance(100)

    def extended() -> None:  # asked for in time, and written only now
        world.store.sessions.save(row, msgspec.structs.replace(row, expires_at=row.expires_at + HOUR))

    in_between(world, monkeypatch, extended)
    expire.run(world.ports)
    assert world.again(session).status is Status.RUNNING


def test_two_renewals_at_once_are_both_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    session = world.rent(lease_minutes=5)
    world.clock.advance(60)
    lifecycle.renew(world.ports, session)
    assert lifecycle.renew(world.ports, session).lease_expires_at == NOW + 6 * MINUTE
    with pytest.raises(Stale):
        world.store.sessions.save(session, session)


@pytest.mark.parametrize(
    ("order", "environ", "until"),
    [
        ({}, PUBLIC, NOW + 10 * MINUTE + PATIENCE),  # no sooner than a machine that is cut off
        ({"on_disconnect": "keep"}, PUBLIC, NOW + 8 * HOUR),  # cut off from us it shall live on
        ({}, {}, NOW + 8 * HOUR),  # it would never hear of a renewal
    ],
)
def test_the_machine_is_told_the_end_of_the_lease_if_it_will_hear_of_renewals(
    order: dict[str, Any], environ: dict[str, str], until: Instant
) -> None:
    world = World(environ=environ)
    session = world.rent(hours=8, lease_minutes=10, **order)
    world.run(60)
    assert carried(world).deadline == until + GRACE
    assert carried(world).limit == NOW + 12 * HOUR + GRACE
    now = world.clock.now()
    renewed = lifecycle.renew(world.ports, world.again(session))
    told = leasing.tell(world.ports, renewed, 1, now)
    assert told.deadline == (until if until == NOW + 8 * HOUR else now + 10 * MINUTE + PATIENCE) + GRACE
