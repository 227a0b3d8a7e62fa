"""What a store promises when many ask at once."""

from collections.abc import Callable
from functools import partial
from itertools import pairwise

from chalicelib.domain.errors import Refusal, Stale
from chalicelib.domain.instant import HOUR
from chalicelib.domain.session import EndReason, NeverLaunched, Session, end, finish
from tests.builders import NOW, a_consumer, a_session, an_admission, an_event
from tests.contracts.store import AnyStore, ended, ending, known, opened, race
from tests.contracts.store_inventory import a_snapshot


def _openings(store: AnyStore, count: int, **admission: object) -> list[Callable[[], Session]]:
    sessions = [a_session(number) for number in range(count)]
    return [partial(store.sessions.open, s, an_event(s), an_admission(**admission)) for s in sessions]


class RacesContract:
    def test_fifty_requests_with_one_idempotency_key_open_one_session(self, store: AnyStore) -> None:
        known(store)
        again = {"idempotency_key": "once", "body_hash": "h", "idempotency_expires_at": NOW + HOUR}
        answers, errors = race(_openings(store, 50, **again))
        assert errors == []
        assert len(answers) == 50
        assert len({session.id for session in answers}) == 1
        assert list(store.sessions.live()) == [answers[0]]
        assert store.access.consumer("c-ada") == a_consumer(sessions=1, committed_per_hour=408_000)

    def test_a_quota_of_three_is_three_however_many_ask(self, store: AnyStore) -> None:
        consumer = known(store, max_price_per_hour=10**9)
        answers, errors = race(_openings(store, 30, consumer=consumer))
        assert len(answers) == 3
        assert {e.code for e in errors if isinstance(e, Refusal)} == {"quota_exceeded"}
        assert len(errors) == 27
        assert len(list(store.sessions.live())) == 3
        left = store.access.consumer("c-ada")
        assert left is not None
        assert (left.sessions, left.committed_per_hour) == (3, 3 * 408_000)

    def test_a_price_limit_is_never_passed_together(self, store: AnyStore) -> None:
        consumer = known(store, max_sessions=100, max_price_per_hour=4 * 408_000 + 1)
        answers, errors = race(_openings(store, 20, consumer=consumer))
        assert len(answers) == 4
        assert all(isinstance(error, Refusal) and error.extra["limit"] == "max_price_per_hour" for error in errors)

    def test_looks_that_end_together_leave_one_of_them_whole(self, store: AnyStore) -> None:
        looks = [a_snapshot(count) for count in range(1, 6)]
        calls: list[Callable[[], object]] = [partial(store.inventory.put, look) for look in looks]
        calls += [partial(store.inventory.get, "vastai")] * 5
        seen, errors = race(calls)
        assert errors == []
        assert [snapshot for snapshot in seen if snapshot not in (None, *looks)] == []
        assert store.inventory.get("vastai") in looks

    def test_twenty_ends_of_one_session_are_one_end(self, store: AnyStore) -> None:
        session = opened(store, 1)
        moves = [end(session, EndReason.DELETED, NOW, f"caller-{n}") for n in range(20)]
        answers, errors = race([partial(store.sessions.save, session, *move) for move in moves])
        assert len(answers) == 1
        assert [type(error) for error in errors] == [Stale] * 19
        assert len(store.sessions.events(session.id)) == 2
        assert store.sessions.get(session.id) == answers[0]

    def test_a_session_that_finishes_twice_gives_its_quota_back_once(self, store: AnyStore) -> None:
        opened(store, 2)
        terminating = ending(store, opened(store, 1))
        move = finish(terminating, NeverLaunched(), NOW)
        answers, _ = race([partial(store.sessions.save, terminating, *move) for _ in range(10)])
        assert len(answers) == 1
        left = store.access.consumer("c-ada")
        assert left is not None
        assert (left.sessions, left.committed_per_hour) == (1, 408_000)

    def test_finishing_and_opening_together_keep_the_count(self, store: AnyStore) -> None:
        running = [opened(store, 100 + number) for number in range(8)]
        consumer = store.access.consumer("c-ada")
        assert consumer is not None
        finishing = [partial(ended, store, session) for session in running]
        calls: list[Callable[[], Session]] = [*finishing, *_openings(store, 8, consumer=consumer)]
        _, errors = race(calls)
        assert errors == []
        left = store.access.consumer("c-ada")
        assert left is not None
        assert (left.sessions, left.committed_per_hour) == (8, 8 * 408_000)

    def test_fifty_reservations_are_never_closer_than_their_spacing(self, store: AnyStore) -> None:
        reserve = partial(store.rates.reserve, "vastai", "read", NOW, 1000, 1)
        answers, errors = race([reserve] * 50)
        assert errors == []
        assert sorted(answers) == [NOW + 1000 * number for number in range(50)]

    def test_reservations_from_clocks_that_disagree_are_spaced_too(self, store: AnyStore) -> None:
        clocks = [NOW + 700 * number for number in range(20)]
        reserve = partial(store.rates.reserve, "vastai", "create")
        answers, _ = race([partial(reserve, now, 1000, 1) for now in clocks])
        slots = sorted(answers)
        assert all(later - sooner >= 1000 for sooner, later in pairwise(slots))

    def test_only_those_slots_are_taken_that_come_in_time(self, store: AnyStore) -> None:
        reserve = partial(store.rates.reserve, "vastai", "search", NOW, 1000, 3, NOW + 4000)
        answers, _ = race([reserve] * 20)
        taken = sorted(slot for slot in answers if slot <= NOW + 4000)
        assert taken == [NOW, NOW, *(NOW + 1000 * number for number in range(5))]

    def test_destroys_amid_reads_are_counted_in_both_lanes(self, store: AnyStore) -> None:
        reads = [partial(store.rates.reserve, "vastai", "read", NOW, 1000, 1)] * 10
        destroys = [partial(store.rates.reserve, "vastai", "destroy", NOW, 1000, 1)] * 5
        race([*reads, *destroys])
        assert store.rates.reserve("vastai", "destroy", NOW, 1000, 1) == NOW + 5000
        assert store.rates.reserve("vastai", "read", NOW, 1000, 1) >= NOW + 16_000
