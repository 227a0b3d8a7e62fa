"""What only the table can show: attributes, indexes, lifetimes, and what goes over the wire."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest
from botocore.session import Session as BotoSession

from chalicelib.domain.errors import StoreDown
from chalicelib.domain.instance import Address, OpenPort
from chalicelib.domain.instant import HOUR, SECOND
from chalicelib.domain.policy import Policy
from chalicelib.domain.trend import Observation, Quote
from chalicelib.store import Store, open_store
from chalicelib.store.inventory import DynamoInventory
from chalicelib.store.sessions import DynamoSessions
from chalicelib.store.table import Table
from tests.builders import NOW, a_session, an_admission, an_event
from tests.contracts.store import ended, known, opened, replaced, settled
from tests.contracts.store_inventory import a_snapshot
from tests.store.conftest import SETTINGS, client_of

RETENTION = round(Policy().session_retention_seconds)


class _Raw:
    """The table as botocore sees it."""

    def __init__(self, store: Store) -> None:
        self.client = client_of(store.table)
        self.name = SETTINGS.table

    def row(self, pk: str, sk: str = "ROW") -> dict[str, dict[str, Any]]:
        found = self.client.get_item(TableName=self.name, Key={"pk": {"S": pk}, "sk": {"S": sk}})
        return dict(found["Item"])

    def put(self, pk: str, name: str, value: str) -> None:
        self.client.update_item(
            TableName=self.name,
            Key={"pk": {"S": pk}, "sk": {"S": "ROW"}},
            UpdateExpression="SET #n = :v",
            ExpressionAttributeNames={"#n": name},
            ExpressionAttributeValues={":v": {"S": value}},
        )

    def all_keys(self) -> set[tuple[str, str]]:
        items = self.client.scan(TableName=self.name)["Items"]
        return {(item["pk"]["S"], item["sk"]["S"]) for item in items}


@contextmanager
def _repeated(raw: _Raw, operation: str) -> Iterator[list[None]]:
    """Each is sent twice, as if the first answer had been lost; yields the answers that came."""
    answers: list[None] = []
    event = f"needs-retry.dynamodb.{operation}"

    def once_more(**_: object) -> float | None:
        answers.append(None)
        return 0.0 if len(answers) % 2 else None

    raw.client.meta.events.register_first(event, once_more)
    try:
        yield answers
    finally:
        raw.client.meta.events.unregister(event, once_more)


@pytest.fixture
def raw(table_store: Store) -> _Raw:
    return _Raw(table_store)


def test_a_field_is_an_attribute_of_its_own(table_store: Store, raw: _Raw) -> None:
    session = opened(table_store, 1)
    row = raw.row(f"SESSION#{session.id}")
    assert row["status"] == {"S": "pending"}
    assert row["created_at"] == {"N": str(NOW)}
    assert row["order"] == {"S": msgspec.json.encode(session.order).decode()}
    assert "running_at" not in row


def test_what_a_newer_version_wrote_survives_a_save(table_store: Store, raw: _Raw) -> None:
    session = opened(table_store, 1)
    raw.put(f"SESSION#{session.id}", "from_the_future", "keep")
    raw.put("CONSUMER#c-ada", "from_the_future", "keep")
    ended(table_store, session)
    consumer = table_store.access.consumer("c-ada")
    assert consumer is not None
    table_store.access.put_consumer(consumer, create=False)
    assert raw.row(f"SESSION#{session.id}")["from_the_future"] == {"S": "keep"}
    assert raw.row("CONSUMER#c-ada")["from_the_future"] == {"S": "keep"}


def test_a_row_of_an_older_release_says_nothing_of_ports_until_they_are_told(table_store: Store, raw: _Raw) -> None:
    session = opened(table_store, 1, ssh=Address(host="192.0.2.1", port=22, user="root"))
    assert "ports" not in raw.row(f"SESSION#{session.id}")
    found = table_store.sessions.get(session.id)
    assert found == session
    assert found.ports is None
    told = replaced(found, ports=(OpenPort(port=80, host="192.0.2.1", external_port=59735),))
    assert table_store.sessions.save(found, told) == table_store.sessions.get(session.id)
    assert raw.row(f"SESSION#{session.id}")["ports"] == {"S": '[{"port":80,"host":"192.0.2.1","external_port":59735}]'}


def test_a_save_writes_what_changed_and_nothing_else(table_store: Store, raw: _Raw) -> None:
    session = opened(table_store, 1)
    raw.put(f"SESSION#{session.id}", "status_reason", "by hand")
    table_store.sessions.save(session, replaced(session, last_heartbeat_at=NOW))
    row = raw.row(f"SESSION#{session.id}")
    assert (row["status_reason"], row["last_heartbeat_at"]) == ({"S": "by hand"}, {"N": str(NOW)})


def test_a_settled_session_leaves_the_index_and_is_given_an_end(table_store: Store, raw: _Raw) -> None:
    session = opened(table_store, 1)
    live = raw.row(f"SESSION#{session.id}")
    assert (live["ix_due"], live["ix_due_at"]) == ({"S": "pending"}, {"N": str(NOW)})
    assert "ttl" not in live
    over = ended(table_store, session, NOW + HOUR)
    assert raw.row(f"SESSION#{session.id}")["ix_due"] == {"S": "unsettled"}
    settled(table_store, over)
    final = raw.row(f"SESSION#{session.id}")
    assert final.keys().isdisjoint({"ix_due", "ix_due_at"})
    assert final["ttl"] == {"N": str((NOW + HOUR) // SECOND + RETENTION)}
    assert final["ix_feed"] == {"S": "sessions#2026-09"}


def test_one_that_moves_on_between_two_pages_of_the_index_is_met_once(
    table_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = opened(table_store, 1)
    places = DynamoSessions._places
    monkeypatch.setattr(DynamoSessions, "_places", lambda self, status: 2 * places(self, status))
    assert [one.id for one in table_store.sessions.live()] == [session.id]


def test_a_history_lasts_as_long_as_its_session(table_store: Store, raw: _Raw) -> None:
    session = opened(table_store, 1)
    settled(table_store, ended(table_store, session, NOW + HOUR))
    lifetime = int(raw.row(f"SESSION#{session.id}")["ttl"]["N"])
    events = [key for key in raw.all_keys() if key[1].startswith("EVENT#")]
    assert len(events) == 3
    assert all(int(raw.row(*key)["ttl"]["N"]) >= lifetime for key in events)


def test_an_idempotency_key_is_kept_hashed_until_it_expires(table_store: Store, raw: _Raw) -> None:
    known(table_store)
    asked = an_admission(idempotency_key="ключ\n" * 1000, body_hash="h", idempotency_expires_at=NOW + HOUR)
    table_store.sessions.open(a_session(1), an_event(a_session(1)), asked)
    [key] = [key for key in raw.all_keys() if key[1].startswith("REPLAY#")]
    assert len(key[1]) == len("REPLAY#") + 64
    assert raw.row(*key)["ttl"] == {"N": str((NOW + HOUR) // SECOND)}


def test_snapshots_are_laid_down_where_old_ones_were_and_take_no_more_room(table_store: Store, raw: _Raw) -> None:
    for count in (5000, *range(50)):
        table_store.inventory.put(a_snapshot(count))
        assert table_store.inventory.get("vastai") == a_snapshot(count)
    assert len([key for key in raw.all_keys() if key[1].startswith("CHUNK#")]) <= 16 + 1


def test_a_look_that_died_before_its_body_was_shown_is_in_nobodys_way(
    table_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    table_store.inventory.put(a_snapshot(3))
    with monkeypatch.context() as dying:
        dying.setattr(DynamoInventory, "_flip", _died)
        with pytest.raises(StoreDown):
            table_store.inventory.put(a_snapshot(7))
    assert table_store.inventory.get("vastai") == a_snapshot(3)
    table_store.inventory.put(a_snapshot(5))
    assert table_store.inventory.get("vastai") == a_snapshot(5)


def _died(*_: object) -> None:
    raise StoreDown("the connection is gone")


def test_a_body_whose_writing_was_answered_late_is_not_taken_for_somebody_elses(table_store: Store, raw: _Raw) -> None:
    with _repeated(raw, "PutItem") as answers:
        table_store.inventory.put(a_snapshot(4))
    assert len(answers) == 2
    assert table_store.inventory.get("vastai") == a_snapshot(4)


def test_an_hour_of_prices_is_small_and_lasts_for_a_month(table_store: Store, raw: _Raw) -> None:
    cards = [Quote(f"RTX {number}", 24.0, bool(number % 2), 300_000 + number, 400_000 + 7 * number, number)
             for number in range(160)]  # fmt: skip
    hour = NOW - NOW % HOUR
    table_store.prices.record(Observation(provider="vastai", hour=hour, quotes=tuple(cards)))
    row = raw.row("PRICES#vastai", f"{hour:013d}")
    assert row["ttl"] == {"N": str(hour // SECOND + 30 * 86_400)}
    assert len(row["body"]["B"]) < 3_000


def test_a_transaction_that_the_transport_repeats_counts_once(table_store: Store, raw: _Raw) -> None:
    session = opened(table_store, 1)
    with _repeated(raw, "TransactWriteItems") as answers:
        final = ended(table_store, session)
    assert len(answers) == 4
    assert table_store.sessions.get(session.id) == final
    assert len(table_store.sessions.events(session.id)) == 3
    consumer = table_store.access.consumer("c-ada")
    assert consumer is not None
    assert (consumer.sessions, consumer.committed_per_hour) == (0, 0)


def test_a_store_has_one_client_and_makes_it_when_it_is_needed(
    dynoxide: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    create_client = BotoSession.create_client

    def counted(self: BotoSession, name: str, *args: Any, **kwargs: Any) -> Any:
        made.append(name)
        return create_client(self, name, *args, **kwargs)

    endpoint = client_of(dynoxide).meta.endpoint_url
    monkeypatch.setattr(BotoSession, "create_client", counted)
    store = open_store(SETTINGS, Table("shopper-other", endpoint))
    assert made == []
    store.table.create()
    opened(store, 1)
    store.health.sweep_done("expire", NOW)
    store.inventory.asked(NOW)
    store.rates.reserve("vastai", "read", NOW, 1, 1)
    assert made == ["dynamodb"]


def test_a_table_that_is_not_there_is_trouble(dynoxide: Table) -> None:
    store = open_store(SETTINGS, Table("shopper-nowhere", client_of(dynoxide).meta.endpoint_url))
    with pytest.raises(StoreDown, match="ResourceNotFoundException"):
        store.sessions.get("x")
    with pytest.raises(StoreDown):
        opened(store, 1)


def test_a_model_is_made_when_it_is_first_asked_for_and_once_for_all_collections(table_store: Store) -> None:
    def made() -> set[str]:
        return {model.__name__ for model in store.table._models.values()}

    table_store.table._models.clear()
    store = open_store(SETTINGS, table_store.table)
    for collection in (store.sessions, store.access, store.health, store.ledger):
        assert collection
    assert made() == {"TotalRow"}
    store.health.turn("accrue")
    store.access.consumer("ada")
    assert made() == {"TotalRow", "TurnRow", "ConsumerRow"}
    before = store.access._consumers
    assert store.sessions._consumers is before is store.ledger._consumers


def test_a_row_that_cannot_be_read_keeps_no_other_from_being_found(table_store: Store, raw: _Raw) -> None:
    good, bad = opened(table_store, 1), opened(table_store, 2)
    raw.put(f"SESSION#{bad.id}", "status_reason", "fine")
    raw.put(f"SESSION#{bad.id}", "end_reason", "of_a_newer_release")
    later = NOW + 1000 * HOUR
    for found in (
        table_store.sessions.due((good.status,), later),
        list(table_store.sessions.live()),
        table_store.sessions.page(consumer=None, statuses=None, provider=None, limit=10, cursor=None).items,
        table_store.sessions.page(consumer=good.consumer, statuses=None, provider=None, limit=10, cursor=None).items,
    ):
        assert [session.id for session in found] == [good.id]
    with pytest.raises(msgspec.ValidationError):
        table_store.sessions.get(bad.id)
