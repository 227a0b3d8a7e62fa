"""The contract of `Ledger` and of the holds: lines, totals, counters and sessions move together or not at all."""

from functools import partial

import msgspec
import pytest

from chalicelib.domain.access import Consumer
from chalicelib.domain.budget import Budget
from chalicelib.domain.errors import Refusal, Stale, StoreDown
from chalicelib.domain.ledger import Line, Segment, Total
from chalicelib.domain.posting import Posting
from chalicelib.domain.session import Session
from chalicelib.ports import Admission
from tests.builders import NOW, a_session, an_admission, an_event
from tests.contracts.store import AnyStore, ended, known, opened, race, replaced, settled


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


def budgeted(store: AnyStore, limit: int, on_exceeded: str = "block", **changes: object) -> Consumer:
    consumer = known(store, **{"max_sessions": 1000, "max_price_per_hour": 10**12, **changes})
    budget = Budget(period="day", limit=limit, on_exceeded=on_exceeded, since=NOW)
    store.access.save_budget(consumer, replaced_consumer(consumer, budget=budget, period="2026-09-21"))
    return the(store)


def replaced_consumer(consumer: Consumer, **changes: object) -> Consumer:
    return msgspec.structs.replace(consumer, **changes)


def post(store: AnyStore, *lines: tuple[Line | None, Line], **more: object) -> None:
    store.ledger.post(Posting(consumer=the(store), lines=lines, **more))


def insisting(store: AnyStore, session: Session, admission: Admission) -> Session:
    """As a client opens one that is told to come back when so many ask that the table is too busy."""
    while True:
        try:
            return store.sessions.open(session, an_event(session), admission)
        except StoreDown:
            continue


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

    def test_what_is_spent_leaves_the_hold_and_is_booked_in_its_period_alone(self, store: AnyStore) -> None:
        consumer = budgeted(store, 1000)
        session = a_session(1, hold=100)
        store.sessions.open(session, an_event(session), an_admission(consumer=consumer))
        assert (the(store).reserved, the(store).booked) == (100, 100)
        post(store, (None, a_line(cost=30)), released=30)
        assert (the(store).reserved, the(store).booked, the(store).spent) == (70, 100, 30)
        post(store, (None, a_line(cost=10, day="2026-09-20")), released=10)
        assert (the(store).reserved, the(store).booked, the(store).spent) == (60, 90, 30)

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

    def test_a_budget_is_saved_on_condition_of_what_it_was_worked_out_from(self, store: AnyStore) -> None:
        before = budgeted(store, 1000)
        assert before.budget is not None
        opened(store, 1, hold=1)
        with pytest.raises(Stale):
            store.access.save_budget(before, replaced_consumer(before, booked=7))
        store.access.save_budget(the(store), replaced_consumer(the(store), booked=7))
        assert (the(store).booked, the(store).reserved, the(store).budget) == (7, 1, before.budget)
        store.access.put_consumer(replaced_consumer(before, max_sessions=1), create=False)
        assert (the(store).booked, the(store).budget, the(store).max_sessions) == (7, before.budget, 1)
        store.access.save_budget(the(store), replaced_consumer(the(store), budget=None, period=""))
        assert (the(store).budget, the(store).period) == (None, "")

    def test_no_session_is_opened_or_made_longer_beyond_the_budget(self, store: AnyStore) -> None:
        consumer = budgeted(store, 250)
        first = opened(store, 1, hold=100)
        opened(store, 2, hold=100)
        with pytest.raises(Refusal) as refused:
            opened(store, 3, hold=51)
        assert (refused.value.status, refused.value.code) == (402, "budget_exceeded")
        with pytest.raises(Refusal) as refused:
            store.sessions.save(first, replaced(first, hold=151))
        assert refused.value.code == "budget_exceeded"
        longer = store.sessions.save(first, replaced(first, hold=150))
        assert (the(store).reserved, the(store).booked) == (250, 250)
        assert store.sessions.get(first.id) == longer
        with pytest.raises(Stale):
            store.sessions.save(first, replaced(first, hold=101))
        assert consumer.budget is not None

    def test_an_alerting_budget_forbids_nothing(self, store: AnyStore) -> None:
        budgeted(store, 10, on_exceeded="alert")
        session = opened(store, 1, hold=100)
        store.sessions.save(session, replaced(session, hold=200))
        assert the(store).booked == 200

    def test_the_budget_that_counts_is_the_stored_one(self, store: AnyStore) -> None:
        without = known(store)
        store.access.save_budget(
            without, replaced_consumer(without, budget=Budget(period="day", limit=10, on_exceeded="block", since=NOW))
        )
        session = a_session(1, hold=11)
        with pytest.raises(Refusal) as refused:
            store.sessions.open(session, an_event(session), an_admission(consumer=without))
        assert refused.value.code == "budget_exceeded"

    def test_a_consumers_live_sessions_are_found(self, store: AnyStore) -> None:
        ended(store, opened(store, 1))
        alive = opened(store, 2, created_at=NOW + 1)
        ended(store, opened(store, 3, created_at=NOW + 2))
        opened(store, 4, consumer="c-bob")
        assert store.sessions.live_of(the(store)) == [alive]


class BudgetRaces:
    def test_two_hundred_openings_never_pass_a_budget_and_leave_no_room_for_one_more(self, store: AnyStore) -> None:
        """$10, at 0.56 each."""
        consumer = budgeted(store, 10_000_000)
        sessions = [a_session(number, hold=561_000) for number in range(200)]
        admission = an_admission(consumer=consumer)
        answers, errors = race([partial(insisting, store, s, admission) for s in sessions])
        assert len(answers) == 10_000_000 // 561_000
        assert {error.code for error in errors if isinstance(error, Refusal)} == {"budget_exceeded"}
        assert all(isinstance(error, Refusal) for error in errors)
        assert (the(store).reserved, the(store).booked) == (17 * 561_000, 17 * 561_000)
        assert len(list(store.sessions.live())) == 17

    def test_two_hundred_openings_never_pass_a_quota(self, store: AnyStore) -> None:
        consumer = known(store, max_sessions=23, max_price_per_hour=10**12)
        sessions = [a_session(number, hold=1) for number in range(200)]
        admission = an_admission(consumer=consumer)
        answers, errors = race([partial(insisting, store, s, admission) for s in sessions])
        assert len(answers) == 23
        assert {error.code for error in errors if isinstance(error, Refusal)} == {"quota_exceeded"}
        assert (the(store).sessions, the(store).reserved) == (23, 23)

    def test_accruals_that_race_write_each_line_once(self, store: AnyStore) -> None:
        known(store)
        postings = [Posting(consumer=the(store), lines=((None, a_line(cost=number + 1)),)) for number in range(20)]
        answers, errors = race([partial(store.ledger.post, posting) for posting in postings])
        assert len(answers) == 1
        assert {type(error) for error in errors} == {Stale}
        [total] = store.ledger.totals("c-ada", "2026-09-21", "2026-09-21")
        [line] = store.ledger.session_lines("c-ada", "2026-09-21", "2026-09-21")
        assert total.cost == line.cost == the(store).booked

    def test_extensions_and_openings_together_stay_within_the_budget(self, store: AnyStore) -> None:
        consumer = budgeted(store, 1000)
        first = [opened(store, number, hold=50) for number in range(10)]
        opens = [a_session(100 + number, hold=60) for number in range(10)]
        calls = [partial(store.sessions.save, one, replaced(one, hold=110)) for one in first]
        calls += [partial(store.sessions.open, one, an_event(one), an_admission(consumer=consumer)) for one in opens]
        race(calls)
        left = the(store)
        assert left.reserved == left.booked == sum(session.hold for session in store.sessions.live())
        assert 1000 - 60 < left.booked <= 1000


def replaced_line(line: Line, **changes: object) -> Line:
    return msgspec.structs.replace(line, **changes)
