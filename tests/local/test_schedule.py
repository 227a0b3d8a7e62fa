import threading
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from local.functions import Function
from local.schedule import Schedule
from tests.local.waiting import eventually

NEVER_AGAIN = 3600.0


def test_every_function_is_called_at_once_with_the_event_of_its_rule() -> None:
    got: dict[str, str] = {}

    def note(name: str, event: Mapping[str, Any]) -> None:
        got[name] = event["resources"][0]

    schedule = Schedule([Function(name, partial(note, name)) for name in "ab"], NEVER_AGAIN)
    schedule.start()
    assert eventually(lambda: len(got) == 2)
    assert got["a"].endswith(":rule/a")
    schedule.stop()
    assert schedule.wait(time.monotonic() + 5)


def test_a_function_that_fails_is_called_again() -> None:
    calls = []

    def fail(_: object) -> None:
        calls.append(1)
        raise ValueError

    schedule = Schedule([Function("fail", fail)], 0.001)
    schedule.start()
    assert eventually(lambda: len(calls) > 2)
    schedule.stop()


def test_a_slow_function_neither_delays_others_nor_overlaps_itself() -> None:
    go_on = threading.Event()
    slow: list[int] = []
    quick: list[int] = []

    def take_long(_: object) -> None:
        slow.append(1)
        go_on.wait(10)

    schedule = Schedule([Function("slow", take_long), Function("quick", lambda _: quick.append(1))], 0.001)
    schedule.start()
    assert eventually(lambda: len(quick) > 20)
    assert len(slow) == 1
    schedule.stop()
    assert not schedule.wait(time.monotonic())
    go_on.set()
    assert schedule.wait(time.monotonic() + 5)


def test_nothing_is_called_after_a_stop() -> None:
    calls: list[int] = []
    schedule = Schedule([Function("quick", lambda _: calls.append(1))], 0.001)
    schedule.start()
    assert eventually(lambda: calls)
    schedule.stop()
    assert schedule.wait(time.monotonic() + 5)
    before = len(calls)
    assert not eventually(lambda: len(calls) > before, 0.1)
