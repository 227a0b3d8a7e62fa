"""The contract of `Ledger`: lines, totals, counters and sessions move together or not at all."""

from typing import Any

import msgspec
import pytest

from chalicelib.domain.access import Consumer
from chalicelib.domain.budget import Budget, OnExceeded
from chalicelib.domain.errors import Stale
from chalicelib.domain.ledger import Line, Segment, Total
from chalicelib.domain.posting import Posting
from tests.builders import NOW, a_session
from tests.contracts.store import AnyStore, ended, known, opened, settled


def a_line(number: int = 1, **changes: object) -> Line:
    segment = Segment(number="0-0-gpu-0", instance_id="i", kind="gpu", since=NOW, until=NOW + 1000, rate=1)
    line = Line(
        session=a_session(number).id, consumer="c-ada", day="2026-09-21", provider="vastai", gpu="RTX 4090 #x",
        cost=5, gpu_ms=1000, first=True, segments=(segment,),
    )  # fmt: skip
    return msgspec.structs.replace(line, **changes)


def the(store: AnyStore, consumer_id: str = "c-ada") -> Consumer:
    consumer = store.access.consumer(consumer_id)
    assert consumer is not None
    return consumer


def replaced_consumer(consumer: Consumer, **changes: object) -> Consumer:
    return msgspec.structs.replace(consumer, **changes)


def post(store: AnyStore, *lines: tuple[Line | None, Line], **more: Any) -> None:
    store.ledger.post(Posting(consumer=the(store), lines=lines, **more))


def budgeted(store: AnyStore, limit: int, on_exceeded: OnExceeded = "block", **changes: object) -> Consumer:
    consumer = known(store, **{"max_sessions": 1000, "max_price_per_hour": 10**12, **changes})
    budget = Budget(period="day", limit=limit, on_exceeded=on_exceeded, since=NOW)
    store.access.save_budget(consumer, replaced_consumer(consumer, budget=budget, period="2026-09-21"))
    return the(store)


def replaced_line(line: Line, **changes: object) -> Line:
    return msgspec.structs.replace(line, **changes)


class LedgerContract:
    def test_a_line_is_stored_whole_with_its_total(self, store: AnyStore) -> None:
        known(store)
        line = a_line()
        post(store, (None, line))
        assert store.ledger.lines("c-ada", [line.key, a_line(2).key]) == {line.key: replaced_line(line, version=1)}
        total = Total(
            consumer="c-ada", day="2026-09-21", provider="vastai", gpu="RTX 4090 #x", cost=5, gpu_ms=1000, sessions=1,
            started=1,
        )  # fmt: skip
        assert store.ledger.totals("c-ada", "2026-09-21", "2026-09-21") == [total]
        assert store.ledger.totals("c-ada", "2026-09-22", "2027-09-01") == []
        assert store.ledger.totals("c-bob", "2026-09-21", "2026-09-21") == []

    def test_a_line_that_grows_adds_what_it_grew_by(self, store: AnyStore) -> None:
        known(store)
        post(store, (None, a_line()), (None, a_line(2, cost=1)))
        before = replaced_line(a_line(), version=1)
        post(store, (before, a_line(cost=9, gpu_ms=1500)))
        [total] = store.ledger.totals("c-ada", "2026-09-01", "2026-10-01")
        assert (total.cost, total.gpu_ms, total.sessions) == (10, 2500, 2)
        assert [line.cost for line in store.ledger.session_lines("c-ada", "2026-09-21", "2026-09-21")] == [9, 1]

    def test_the_same_posting_again_is_stale_and_changes_nothing(self, store: AnyStore) -> None:
        known(store)
        post(store, (None, a_line()))
        for before in (None, replaced_line(a_line(), version=7)):
            with pytest.raises(Stale):
                post(store, (before, a_line(cost=9)), (None, a_line(2)))
        assert [total.cost for total in store.ledger.totals("c-ada", "2026-09-21", "2026-09-21")] == [5]
        assert the(store).booked == 5

    def test_months_are_one_ledger(self, store: AnyStore) -> None:
        known(store)
        post(store, (None, a_line(day="2026-09-30")), (None, a_line(day="2026-10-01", first=False)))
        days = [(total.day, total.started) for total in store.ledger.totals("c-ada", "2026-09-30", "2026-10-01")]
        assert days == [("2026-09-30", 1), ("2026-10-01", 0)]
        assert len(store.ledger.session_lines("c-ada", "2026-09-30", "2026-10-01")) == 2

    def test_a_posting_for_a_period_that_is_over_is_stale(self, store: AnyStore) -> None:
        consumer = budgeted(store, 1000)
        store.access.save_budget(consumer, replaced_consumer(consumer, period="2026-09-22"))
        with pytest.raises(Stale):
            store.ledger.post(Posting(consumer=consumer, lines=((None, a_line()),)))
        assert store.ledger.totals("c-ada", "2026-09-01", "2026-09-30") == []

    def test_a_session_is_settled_once(self, store: AnyStore) -> None:
        final = ended(store, opened(store, 1, hold=100))
        assert store.sessions.unsettled() == [final]
        assert (the(store).reserved, the(store).booked) == (100, 100)
        after = settled(store, final)
        assert store.sessions.get(final.id) == after
        assert store.sessions.unsettled() == []
        assert (the(store).reserved, the(store).booked) == (0, 0)
        with pytest.raises(Stale):
            settled(store, final)
        assert the(store).reserved == 0

    def test_a_consumers_live_sessions_are_found(self, store: AnyStore) -> None:
        ended(store, opened(store, 1))
        alive = opened(store, 2, created_at=NOW + 1)
        ended(store, opened(store, 3, created_at=NOW + 2))
        opened(store, 4, consumer="c-bob")
        assert store.sessions.live_of(the(store)) == [alive]
