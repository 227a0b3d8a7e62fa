"""The contract of the holds: what is set aside, for a new session or a longer one, fits the budget to the cent."""

from functools import partial
from typing import Any

import msgspec
import pytest

from chalicelib.domain.budget import Budget
from chalicelib.domain.errors import Refusal, Stale, StoreDown
from chalicelib.domain.lease import mark
from chalicelib.domain.posting import Posting
from chalicelib.domain.pulse import Pulse
from chalicelib.domain.session import Session
from chalicelib.ports import Admission
from tests.builders import NOW, a_session, an_admission, an_event
from tests.contracts.store import AnyStore, known, opened, race, replaced
from tests.contracts.store_ledger import a_line, budgeted, post, replaced_consumer, the


def longer(store: AnyStore, session: Session, more: int, **changes: object) -> Session:
    """Made longer: so much more is set aside for it."""
    after = replaced(session, hold=session.hold + more)
    post(store, reserved=more, sessions=((session, after),), **changes)
    return replaced(after, version=session.version + 1)


def insisting(store: AnyStore, session: Session, admission: Admission) -> Session:
    """As a client opens one that is told to come back when so many ask that the table is too busy."""
    while True:
        try:
            return store.sessions.open(session, an_event(session), admission)
        except StoreDown:
            continue


class HoldsContract:
    def test_what_is_spent_leaves_the_hold_and_is_booked_in_its_period_alone(self, store: AnyStore) -> None:
        consumer = budgeted(store, 1000)
        session = a_session(1, hold=100)
        store.sessions.open(session, an_event(session), an_admission(consumer=consumer))
        assert (the(store).reserved, the(store).booked) == (100, 100)
        post(store, (None, a_line(cost=30)), released=30)
        assert (the(store).reserved, the(store).booked, the(store).spent) == (70, 100, 30)
        post(store, (None, a_line(cost=10, day="2026-09-20")), released=10)
        assert (the(store).reserved, the(store).booked, the(store).spent) == (60, 90, 30)

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
            longer(store, first, 51)
        assert refused.value.code == "budget_exceeded"
        assert (refused.value.extra["available"], refused.value.extra["needed"]) == (0.00005, 0.000051)
        extended = longer(store, first, 50)
        assert (the(store).reserved, the(store).booked) == (250, 250)
        assert store.sessions.get(first.id) == extended
        with pytest.raises(Stale):
            longer(store, first, 1)
        assert consumer.budget is not None

    def test_what_is_spent_on_the_way_counts_before_more_is_set_aside(self, store: AnyStore) -> None:
        """30 of its hold of 100 are spent, 40 more than it, and 50 are to be set aside."""
        for spent, released, fits in ((30, 30, 150), (140, 100, 190)):
            session = opened(store, spent, hold=100, consumer=f"c-{spent}")
            consumer = the(store, f"c-{spent}")
            budget = Budget(period="day", limit=fits - 1, on_exceeded="block", since=NOW)
            store.access.save_budget(consumer, replaced_consumer(consumer, budget=budget, period="2026-09-21"))
            spending: dict[str, Any] = {
                "lines": ((None, a_line(spent, consumer=consumer.id, cost=spent)),), "released": released,
                "reserved": 50, "sessions": ((session, replaced(session, hold=max(100, spent) + 50)),),
            }  # fmt: skip
            with pytest.raises(Refusal, match="may cost up to"):
                store.ledger.post(Posting(consumer=the(store, consumer.id), **spending))
            before = the(store, consumer.id)
            wider = msgspec.structs.replace(budget, limit=fits)
            store.access.save_budget(before, replaced_consumer(before, budget=wider))
            store.ledger.post(Posting(consumer=the(store, consumer.id), **spending))
            after = the(store, consumer.id)
            assert (after.reserved, after.booked) == (max(0, 100 - spent) + 50, fits)

    def test_a_hold_that_is_used_up_is_the_one_that_was_read(self, store: AnyStore) -> None:
        known(store)
        session = opened(store, 1, hold=100)
        extended = longer(store, session, 50)
        with pytest.raises(Stale):
            post(store, (None, a_line(cost=120)), released=100, holds=(session,))
        assert store.ledger.totals("c-ada", "2026-09-21", "2026-09-21") == []
        post(store, (None, a_line(cost=160)), released=150, holds=(extended,))
        assert (the(store).reserved, the(store).booked) == (0, 160)

    def test_a_heartbeat_meanwhile_outlives_an_extension(self, store: AnyStore) -> None:
        session = opened(store, 1, hold=100, agent_mark=mark("t", 0))
        pulse = Pulse(ssh_sessions=0, uptime_seconds=2.0)
        assert store.sessions.beat(session.id, mark("t", 1), pulse, NOW + 5, active=True)
        extended = longer(store, session, 50)
        found = store.sessions.get(session.id)
        assert found is not None
        assert (found.hold, found.version, found.last_heartbeat_at) == (150, extended.version, NOW + 5)

    def test_an_alerting_budget_forbids_nothing(self, store: AnyStore) -> None:
        budgeted(store, 10, on_exceeded="alert")
        session = opened(store, 1, hold=100)
        longer(store, session, 100)
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
        calls = [partial(longer, store, one, 60) for one in first]
        calls += [partial(store.sessions.open, one, an_event(one), an_admission(consumer=consumer)) for one in opens]
        race(calls)
        left = the(store)
        assert left.reserved == left.booked == sum(session.hold for session in store.sessions.live())
        assert 1000 - 60 < left.booked <= 1000
