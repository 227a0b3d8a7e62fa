"""The races that money hangs on, again and again on real engines: `make races` runs each of them 200 times.

Every repetition has a consumer and sessions of its own. A busy table may turn a caller away; it must never do
half of what was asked, nor anything twice.
"""

import os
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from msgspec.structs import replace

from chalicelib.domain.errors import Refusal, ShopperError, StoreDown
from chalicelib.domain.instant import HOUR
from chalicelib.domain.session import EndReason, Session, Status
from chalicelib.ports import Ports
from chalicelib.store import Store
from chalicelib.usecases import lifecycle
from tests.builders import NOW, a_consumer, a_session, an_admission, an_event, an_order
from tests.contracts.store import race
from tests.store.conftest import fresh_store
from tests.world import World

TIMES = int(os.environ.get("RACES", "2"))
THREADS = 50
DELETES = 20


class Unheard:
    """`Wakeups` that wake nobody."""

    def session(self, session_id: str, delay_seconds: float = 0.0) -> None: ...

    def sweep(self, name: str, *, if_due: bool = False) -> None: ...


@pytest.fixture(scope="module", params=["dynoxide", "java_engine"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    with fresh_store(request.getfixturevalue(request.param)) as fresh:
        yield fresh


@pytest.fixture
def ports(store: Store) -> Ports:
    return replace(World().ports, sessions=store.sessions, access=store.access, wakeups=Unheard())


def openings(store: Store, number: int, **admission: object) -> list[Callable[[], Session]]:
    """Fifty openings for the `number`th consumer, of whom nobody has heard before."""
    consumer = a_consumer(id=f"c-{number}", max_price_per_hour=10**9)
    store.access.put_consumer(consumer, create=True)
    sessions = [a_session(number * 100 + each, consumer=consumer.id) for each in range(THREADS)]
    return [
        partial(store.sessions.open, s, an_event(s), an_admission(consumer=consumer, **admission)) for s in sessions
    ]


def held(store: Store, number: int) -> int:
    consumer = store.access.consumer(f"c-{number}")
    assert consumer is not None
    return consumer.sessions


def turned_away(errors: list[ShopperError]) -> list[ShopperError]:
    """Without those whom a busy table sent home empty-handed."""
    return [error for error in errors if not isinstance(error, StoreDown)]


def listed(store: Store, number: int) -> list[Session]:
    return store.sessions.page(consumer=f"c-{number}", statuses=None, provider=None, limit=100, cursor=None).items


def a_running_session(store: Store, number: int, **changes: object) -> Session:
    consumer = a_consumer(id=f"c-{number}")
    store.access.put_consumer(consumer, create=True)
    session = a_session(number * 100, consumer=consumer.id, status=Status.RUNNING, running_at=NOW, **changes)
    return store.sessions.open(session, an_event(session), an_admission(consumer=consumer))


def endings(store: Store, session: Session) -> int:
    return sum(event.after is Status.TERMINATING for event in store.sessions.events(session.id))


@pytest.mark.parametrize("number", range(TIMES))
def test_fifty_requests_with_one_idempotency_key_open_one_session(store: Store, number: int) -> None:
    again = {"idempotency_key": "once", "body_hash": "h", "idempotency_expires_at": NOW + HOUR}
    answers, errors = race(openings(store, number, **again))
    assert turned_away(errors) == []
    assert {session.id for session in answers} == {session.id for session in listed(store, number)}
    assert len(listed(store, number)) == held(store, number) == 1


@pytest.mark.parametrize("number", range(1000, 1000 + TIMES))
def test_a_quota_of_three_is_exactly_three(store: Store, number: int) -> None:
    answers, errors = race(openings(store, number))
    assert {error.code for error in turned_away(errors) if isinstance(error, Refusal)} == {"quota_exceeded"}
    assert len(answers) == len(listed(store, number)) == held(store, number) == 3


@pytest.mark.parametrize("number", range(2000, 2000 + TIMES))
def test_twenty_deletes_are_one_transition_and_one_event(store: Store, ports: Ports, number: int) -> None:
    session = a_running_session(store, number)
    delete = partial(lifecycle.end, ports, session, EndReason.DELETED)
    answers, errors = race([partial(delete, f"caller-{each}") for each in range(DELETES)])
    assert turned_away(errors) == []
    assert {answer.status for answer in answers} == {Status.TERMINATING}
    assert endings(store, session) == 1
    assert len(store.sessions.events(session.id)) == 2


@pytest.mark.parametrize("number", range(3000, 3000 + TIMES))
def test_done_against_extend_against_expiry(store: Store, ports: Ports, number: int) -> None:
    """One end, one reason, and every extension that was granted is in the row."""
    session = a_running_session(store, number)
    calls = [
        partial(lifecycle.end, ports, session, EndReason.DONE, "c"),
        partial(lifecycle.extend, ports, session, 0.1, False, "c"),
        partial(lifecycle.end, ports, session, EndReason.EXPIRED, "service"),
    ]
    answers, errors = race([calls[each % 3] for each in range(THREADS)])
    refusals = turned_away(errors)
    assert all(isinstance(error, Refusal) and error.code == "not_live" for error in refusals)
    granted = sum(answer.status is Status.RUNNING for answer in answers)
    after = store.sessions.get(session.id)
    assert after is not None
    assert after.end_reason in (EndReason.DONE, EndReason.EXPIRED)
    assert {answer.end_reason for answer in answers if answer.status is not Status.RUNNING} == {after.end_reason}
    assert endings(store, session) == 1
    assert after.expires_at == session.expires_at + granted * HOUR // 10


@pytest.mark.parametrize("number", range(4000, 4000 + TIMES))
def test_renewals_against_the_sweep_that_finds_the_lease_run_out(store: Store, ports: Ports, number: int) -> None:
    """Either it was renewed in time and nobody ends it, or it ends and nobody has renewed it."""
    order = an_order(lease_minutes=10)
    session = a_running_session(store, number, order=order, lease_expires_at=NOW)
    calls = [partial(lifecycle.renew, ports, session), partial(lifecycle.end_overdue, ports, session)]
    answers, errors = race([calls[each % 2] for each in range(THREADS)])
    refusals = turned_away(errors)
    assert all(isinstance(error, Refusal) and error.code == "not_live" for error in refusals)
    after = store.sessions.get(session.id)
    assert after is not None
    assert {answer.status for answer in answers} == {after.status}
    if after.status is Status.RUNNING:
        assert (after.lease_expires_at, refusals, endings(store, session)) == (NOW + HOUR // 6, [], 0)
    else:
        assert (after.end_reason, after.lease_expires_at, endings(store, session)) == (EndReason.EXPIRED, NOW, 1)
