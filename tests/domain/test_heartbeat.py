"""What silence and idleness amount to, to the millisecond."""

import msgspec
import pytest

from chalicelib.domain.heartbeat import agent_deadline, idle_for, is_lost, is_silent
from chalicelib.domain.instant import HOUR, SECOND
from chalicelib.domain.lease import Mode
from chalicelib.domain.policy import Policy
from chalicelib.domain.session import Session, Status
from tests.builders import NOW, a_session

POLICY = Policy()
MINUTE = 60 * SECOND


def working(**changes: object) -> Session:
    session = a_session(
        status=Status.RUNNING, agent_mode=Mode.FULL, running_at=NOW, active_at=NOW, last_heartbeat_at=NOW
    )
    return msgspec.structs.replace(session, **changes)


def test_an_agent_is_silent_after_ten_minutes_and_lost_after_thirty() -> None:
    session = working()
    assert [is_silent(session, NOW + 10 * MINUTE + late, POLICY) for late in (-1, 0)] == [False, True]
    assert [is_lost(session, NOW + 30 * MINUTE + late, POLICY) for late in (-1, 0)] == [False, True]
    never_heard = working(last_heartbeat_at=None)
    assert not is_silent(never_heard, NOW + HOUR, POLICY)
    assert not is_lost(never_heard, NOW + HOUR, POLICY)


def test_it_is_idle_from_its_last_activity_to_its_last_heartbeat() -> None:
    session = working(last_heartbeat_at=NOW + 7 * MINUTE)
    assert idle_for(session, POLICY, NOW + 8 * MINUTE) == 7 * MINUTE
    started_later = working(last_heartbeat_at=NOW + 7 * MINUTE, running_at=NOW + 5 * MINUTE)
    assert idle_for(started_later, POLICY, NOW + 8 * MINUTE) == 2 * MINUTE
    assert idle_for(working(), POLICY, NOW + MINUTE) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"status": Status.PROVISIONING},
        {"agent_mode": Mode.TIMER_ONLY},
        {"last_heartbeat_at": None},
        {"active_at": None},
        {"last_heartbeat_at": NOW - 10 * MINUTE},
    ],
)
def test_nobody_knows_whether_it_is_idle(change: dict[str, object]) -> None:
    session = msgspec.structs.replace(working(last_heartbeat_at=NOW + 7 * MINUTE), **change)
    assert idle_for(session, POLICY, NOW + 8 * MINUTE) == 0


def test_a_timer_without_heartbeats_keeps_the_deadline_it_was_given() -> None:
    session = working(expires_at=NOW + 2 * HOUR, agent_deadline=NOW + HOUR)
    grace = round(POLICY.agent_deadline_grace_seconds) * SECOND
    assert agent_deadline(session, POLICY) == NOW + 2 * HOUR + grace
    timed = msgspec.structs.replace(session, agent_mode=Mode.TIMER_ONLY, last_heartbeat_at=None)
    assert agent_deadline(timed, POLICY) == NOW + HOUR
    untold = msgspec.structs.replace(timed, agent_deadline=None)
    assert agent_deadline(untold, POLICY) == NOW + 2 * HOUR + grace
