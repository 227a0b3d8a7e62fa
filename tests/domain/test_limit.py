"""Which limit a session has reached, and what a renewal moves."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.instant import HOUR, Instant
from chalicelib.domain.limit import Reached, leased, reached
from chalicelib.domain.session import EndReason, Session, Status
from tests.builders import NOW, a_session, an_order

MINUTE = 60_000
LAPSED = "the lease was not renewed: it ran out at 2026-09-21T14:23:20.000Z"


def a_leased(minutes: float = 10, **changes: Any) -> Session:
    return leased(a_session(order=an_order(lease_minutes=minutes), **changes), NOW)


@pytest.mark.parametrize(
    ("after", "says"),
    [
        (10 * MINUTE - 1, None),
        (10 * MINUTE, Reached(EndReason.EXPIRED, LAPSED)),
        (HOUR, Reached(EndReason.EXPIRED)),
        (12 * HOUR, Reached(EndReason.HARD_MAX)),
    ],
)
def test_the_strictest_limit_that_is_over_is_named(after: Instant, says: Reached | None) -> None:
    assert reached(a_leased(), NOW + after) == says


def test_without_a_lease_nobody_has_to_renew() -> None:
    session = a_session()
    assert leased(session, NOW) is session
    assert reached(session, NOW + HOUR - 1) is None
    assert session.ends_at == NOW + HOUR


@pytest.mark.parametrize("status", [Status.TERMINATING, Status.TERMINATED, Status.FAILED])
def test_what_ends_already_reaches_no_limit(status: Status) -> None:
    assert reached(msgspec.structs.replace(a_leased(), status=status), NOW + 99 * HOUR) is None


def test_a_session_is_due_when_its_lease_runs_out_in_whatever_state_it_is() -> None:
    running = msgspec.structs.replace(a_leased(), status=Status.RUNNING)
    assert running.due_at == running.ends_at == NOW + 10 * MINUTE
    waiting = msgspec.structs.replace(a_leased(), next_attempt_at=NOW + HOUR // 2)
    assert waiting.due_at == NOW + 10 * MINUTE


def test_a_renewal_moves_the_lease_and_nothing_else() -> None:
    session = a_leased()
    renewed = leased(session, NOW + 7 * MINUTE)
    assert renewed == msgspec.structs.replace(session, lease_expires_at=NOW + 17 * MINUTE)


def test_a_clock_that_is_behind_does_not_shorten_a_lease() -> None:
    session = a_leased()
    assert leased(session, NOW - HOUR) == session


def test_no_renewal_prolongs_past_the_hours_and_the_hard_max() -> None:
    late = leased(a_leased(minutes=600), NOW + 59 * MINUTE)
    assert late.ends_at == NOW + HOUR
    assert reached(late, NOW + HOUR) == Reached(EndReason.EXPIRED)
    overridden = leased(a_leased(minutes=600, expires_at=NOW + 13 * HOUR), NOW + 11 * HOUR)
    assert overridden.ends_at == NOW + 12 * HOUR


@given(renewals=st.lists(st.integers(0, 30 * HOUR), max_size=20), minutes=st.floats(0.02, 1440))
def test_no_renewals_make_it_live_longer_than_it_would_without_a_lease(renewals: list[int], minutes: float) -> None:
    session = a_leased(minutes=minutes)
    for after in sorted(renewals):
        session = leased(session, NOW + after)
        assert NOW < session.ends_at <= a_session().ends_at
