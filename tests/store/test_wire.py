"""How often the calls that come most often go over the wire, by operation, on the real engine."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.domain.lease import mark
from chalicelib.domain.pulse import Pulse
from chalicelib.store import Store
from tests.builders import NOW, a_session, an_admission, an_event
from tests.contracts.store import known, opened, replaced
from tests.store.conftest import client_of


@pytest.fixture
def wire(table_store: Store) -> Iterator[Counter[str]]:
    """Operations sent from now on."""
    sent: Counter[str] = Counter()

    def heard(model: Any, **_: object) -> None:
        sent[model.name] += 1

    events = client_of(table_store.table).meta.events
    events.register("before-call.dynamodb", heard)
    yield sent
    events.unregister("before-call.dynamodb", heard)


def test_a_session_is_opened_by_one_transaction(table_store: Store, wire: Counter[str]) -> None:
    known(table_store)
    opened(table_store, 1)  # the first of its month also notes the month, once in a process
    session = a_session(2)
    wire.clear()
    table_store.sessions.open(session, an_event(session), an_admission(idempotency_key="once"))
    assert wire == {"TransactWriteItems": 1}


def test_a_session_is_read_by_one_read(table_store: Store, wire: Counter[str]) -> None:
    session = opened(table_store, 1)
    wire.clear()
    table_store.sessions.get(session.id)
    assert wire == {"GetItem": 1}


def test_a_heartbeat_is_one_conditional_update(table_store: Store, wire: Counter[str]) -> None:
    session = opened(table_store, 1)
    saved = table_store.sessions.save(session, replaced(session, agent_mark=mark("a" * 64, 1)))
    wire.clear()
    pulse = Pulse(ssh_sessions=0, uptime_seconds=1.0)
    assert table_store.sessions.beat(saved.id, mark("a" * 64, 2), pulse, NOW, True)
    assert wire == {"UpdateItem": 1}


def test_all_live_sessions_cost_a_query_for_each_state_and_a_read_for_each_hundred(
    table_store: Store, wire: Counter[str]
) -> None:
    for number in range(3):
        opened(table_store, number)
    wire.clear()
    assert len(list(table_store.sessions.live())) == 3
    assert wire == {"Query": 4, "BatchGetItem": 1}
