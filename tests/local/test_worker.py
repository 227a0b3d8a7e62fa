import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from local.functions import Function, Invoke
from local.worker import Queue, Worker
from tests.local.waiting import eventually


class MemoryQueue(Queue):
    """Hands each message out once, as SQS does within the visibility timeout."""

    def __init__(self, *bodies: str, delayed: bool = False) -> None:
        self.waiting = [{"MessageId": body, "ReceiptHandle": f"receipt {body}", "Body": body} for body in bodies]
        self.deleted: list[str] = []
        self.asked: list[tuple[int, int]] = []
        self.delayed = delayed
        self.broken = 0
        self.idle = threading.Event()

    def receive(self, most: int, wait_seconds: int) -> Sequence[Mapping[str, Any]]:
        if self.broken:
            self.broken -= 1
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
        self.asked.append((most, wait_seconds))
        taken, self.waiting = self.waiting[:most], self.waiting[most:]
        if not taken:
            self.idle.wait(0.01)
        return taken

    def delete(self, message: Mapping[str, Any]) -> None:
        self.deleted.append(message["MessageId"])

    def has_delayed(self) -> bool:
        return self.delayed


@pytest.fixture
def workers() -> Iterator[list[Worker]]:
    started: list[Worker] = []
    yield started
    for worker in started:
        worker.stop()
        assert worker.wait(5)


def start(workers: list[Worker], queue: Queue, invoke: Invoke, threads: int = 4) -> Worker:
    worker = Worker(queue, Function("worker", invoke), threads)
    workers.append(worker)
    worker.start()
    return worker


def body(event: Mapping[str, Any]) -> str:
    (record,) = event["Records"]
    return str(record["body"])


def test_a_message_that_was_worked_off_is_deleted(workers: list[Worker]) -> None:
    queue, seen = MemoryQueue("a", "b"), []
    start(workers, queue, lambda event: seen.append(body(event)))
    assert eventually(lambda: sorted(queue.deleted) == ["a", "b"])
    assert sorted(seen) == ["a", "b"]


def test_a_message_whose_function_raised_is_left_to_come_again(workers: list[Worker]) -> None:
    def choosy(event: Mapping[str, Any]) -> None:
        if body(event) == "bad":
            raise ValueError

    queue = MemoryQueue("bad", "good")
    start(workers, queue, choosy)
    assert eventually(lambda: queue.deleted == ["good"])


def test_a_message_that_the_function_names_as_failed_is_left_to_come_again(workers: list[Worker]) -> None:
    def answer(event: Mapping[str, Any]) -> dict[str, Any]:
        failed = [{"itemIdentifier": "bad"}] if body(event) == "bad" else []
        return {"batchItemFailures": failed}

    queue = MemoryQueue("bad", "good")
    start(workers, queue, answer)
    assert eventually(lambda: queue.deleted == ["good"])


def test_one_slow_message_holds_up_no_other(workers: list[Worker]) -> None:
    done = threading.Event()
    queue = MemoryQueue("slow", *"abcdefgh")
    start(workers, queue, lambda event: done.wait(10) if body(event) == "slow" else None, threads=2)
    assert eventually(lambda: sorted(queue.deleted) == list("abcdefgh"))
    done.set()
    assert eventually(lambda: "slow" in queue.deleted)


def test_no_more_messages_are_taken_than_there_are_hands(workers: list[Worker]) -> None:
    done = threading.Event()
    queue = MemoryQueue(*"abcdef")
    worker = start(workers, queue, lambda _: done.wait(10), threads=4)
    assert eventually(lambda: len(queue.waiting) == 2)
    assert not worker.wait(0.05)
    assert len(queue.waiting) == 2
    done.set()
    assert eventually(lambda: len(queue.deleted) == 6)


def test_it_looks_often_while_a_message_waits_for_its_time(workers: list[Worker]) -> None:
    calm, busy = MemoryQueue(), MemoryQueue(delayed=True)
    start(workers, calm, lambda _: None)
    start(workers, busy, lambda _: None)
    assert eventually(lambda: calm.asked and busy.asked)
    assert calm.asked[0][1] == 1
    assert busy.asked[0][1] == 0


def test_a_queue_that_does_not_answer_is_asked_again(workers: list[Worker]) -> None:
    queue = MemoryQueue("a")
    queue.broken = 1
    start(workers, queue, lambda _: None)
    assert eventually(lambda: queue.deleted == ["a"])
