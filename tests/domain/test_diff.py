"""What a list says of the machines that sessions run on: changed, silent, missing, or well."""

from typing import Any

import msgspec
import pytest

from chalicelib.domain.attempt import Stage
from chalicelib.domain.diff import Findings, Memory, Sighting, braked, compare
from chalicelib.domain.instance import Instance, Listing, Phase
from chalicelib.domain.instant import HOUR, SECOND
from chalicelib.domain.policy import Policy
from chalicelib.domain.session import EndReason, Session, Status
from tests.builders import DEPLOYMENT, NOW, SIGNING_KEY, a_session, an_offer
from tests.domain.test_session import an_attempt

POLICY = Policy()
LATER = NOW + HOUR


def running(**changes: Any) -> Session:
    attempt = msgspec.structs.replace(an_attempt(Stage.BOOTING), instance_ids=("7",))
    return a_session(status=Status.RUNNING, attempts=(attempt,), running_at=NOW, **changes)


def machine(session: Session, **changes: Any) -> Instance:
    rented = {"gpu": "RTX 4090", "gpu_count": 1, "price_per_hour": session.held_per_hour}
    seen = {"id": "7", "tag": session.tag, "phase": Phase.RUNNING, "status": "running"}
    fields: dict[str, Any] = {**seen, **rented, **changes}
    return Instance(provider="vastai", **fields)


def compared(session: Session, *machines: Instance, at: int = LATER, memory: Memory | None = None) -> Findings:
    listing = Listing(provider="vastai", taken_at=at, instances=machines)
    remembered = memory or Memory(provider="vastai")
    return compare(listing, [session], remembered, DEPLOYMENT, (SIGNING_KEY,), POLICY)


def missed(session: Session, lists: int, since: int = NOW) -> Memory:
    return Memory(provider="vastai", missing={session.id: Sighting(lists=lists, since=since)})


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"gpu": "RTX 3060"}, "rented RTX 4090, the provider now says RTX 3060"),
        ({"gpu_count": 2}, "rented 1 GPUs, the provider now says 2"),
        ({"price_per_hour": 408_001}, "the price rose to $0.4080/h, agreed was $0.4080/h"),
        ({"price_per_hour": 1_500_000}, "the price rose to $1.5000/h, agreed was $0.4080/h"),
    ],
)
def test_a_machine_that_is_no_longer_what_was_rented_is_doomed(change: dict[str, object], detail: str) -> None:
    session = running()
    (case,) = compared(session, machine(session, **change)).doomed
    assert (case.session, case.reason, case.detail) == (session, EndReason.LOST, detail)


@pytest.mark.parametrize("silence", [{}, {"gpu": None}, {"gpu_count": None}, {"price_per_hour": None}])
def test_a_machine_at_the_agreed_price_or_of_which_nothing_is_told_is_well(silence: dict[str, object]) -> None:
    session = running()
    assert compared(session, machine(session, **silence)).doomed == ()


def test_the_hardware_is_held_against_what_was_rented_not_against_what_was_first_wanted() -> None:
    session = running(wanted=an_offer(gpu="H100 SXM"))
    assert compared(session, machine(session)).doomed == ()


def test_a_machine_missing_from_three_lists_for_longer_than_the_grace_is_a_ghost() -> None:
    session = running()
    assert compared(session, memory=missed(session, 2)).ghosts == (session,)
    assert compared(session, memory=missed(session, 1)).ghosts == ()


def test_each_list_without_it_counts_once() -> None:
    session = running()
    assert compared(session, memory=missed(session, 1)).memory.missing[session.id] == Sighting(lists=2, since=NOW)
    assert compared(session).memory.missing[session.id] == Sighting(lists=1, since=LATER)


@pytest.mark.parametrize("sign", ["first missed", "began to run", "heartbeat"])
def test_the_grace_counts_from_the_last_sign_of_life(sign: str) -> None:
    grace = 600 * SECOND
    recent = LATER - grace + 1
    session = running(last_heartbeat_at=recent if sign == "heartbeat" else None)
    if sign == "began to run":
        session = msgspec.structs.replace(session, running_at=recent)
    memory = missed(session, 9, since=recent if sign == "first missed" else NOW)
    assert compared(session, memory=memory).ghosts == ()
    assert compared(session, memory=memory, at=LATER + 1).ghosts == (session,)


def test_the_brake_holds_above_three_and_above_a_fifth() -> None:
    assert [braked(count, 10, POLICY) for count in (3, 4)] == [False, True]
    assert [braked(count, 50, POLICY) for count in (10, 11)] == [False, True]
