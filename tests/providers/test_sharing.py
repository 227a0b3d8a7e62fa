"""Lists shared between threads: fewer calls, and never an answer from before the question."""

import threading

import pytest

from chalicelib.domain.errors import ListIncomplete
from chalicelib.domain.instance import Listing
from chalicelib.providers.sharing import SharedList
from tests.fakes.clock import ManualClock
from tests.fakes.provider import FakeProvider


class SlowProvider(FakeProvider):
    """Its lists end only when they are told to."""

    def __init__(self) -> None:
        super().__init__("slow", ManualClock())
        self.begun = threading.Semaphore(0)
        self.may_end = threading.Semaphore(0)

    def list(self) -> Listing:
        self.begun.release()
        assert self.may_end.acquire(timeout=10)
        return super().list()


def ask(provider: SharedList, times: int, into: list[object]) -> list[threading.Thread]:
    def work() -> None:
        try:
            into.append(provider.list())
        except ListIncomplete as error:
            into.append(error)

    threads = [threading.Thread(target=work) for _ in range(times)]
    for thread in threads:
        thread.start()
    return threads


def join(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def test_one_caller_alone_gets_its_own_list() -> None:
    market = FakeProvider("vastai", ManualClock())
    shared = SharedList(market)
    assert shared.list().provider == "vastai"
    assert shared.list().instances == ()
    assert market.count("list") == 2


def test_those_who_ask_while_one_is_under_way_share_the_next_one() -> None:
    market = SlowProvider()
    shared = SharedList(market)
    told: list[object] = []
    first = ask(shared, 1, told)
    assert market.begun.acquire(timeout=10)
    others = ask(shared, 20, told)
    for _ in range(21):  # more than enough: each permit lets one list end
        market.may_end.release()
    join(first + others)
    assert len(told) == 21
    assert 2 <= market.count("list") <= 21


def test_a_list_under_way_is_never_given_to_one_who_asked_later() -> None:
    market = SlowProvider()
    shared = SharedList(market)
    told: list[object] = []
    first = ask(shared, 1, told)
    assert market.begun.acquire(timeout=10)
    market.clock.sleep(60)
    asked_at = market.clock.now()
    second = ask(shared, 1, told)
    market.may_end.release()
    market.may_end.release()
    join(first + second)
    assert market.count("list") == 2
    assert isinstance(told[-1], Listing)
    assert told[-1].taken_at >= asked_at


def test_a_failure_is_told_to_everybody_who_shared_it_and_the_next_one_asks_anew() -> None:
    market = FakeProvider("vastai", ManualClock())
    market.fail("list", ListIncomplete("page 2"))
    shared = SharedList(market)
    with pytest.raises(ListIncomplete):
        shared.list()
    assert shared.list().instances == ()
