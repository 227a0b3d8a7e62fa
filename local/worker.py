"""Plays Lambda's poller of the queue: takes messages and hands them to the function, several at a time."""

import logging
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from local import events
from local.functions import Function

log = logging.getLogger(__name__)

# So many calls at once, of one message each: a create may take two minutes, and nobody else should wait for it.
THREADS = 8
LONG_POLL_SECONDS = 1
SHORT_POLL_SECONDS = 0.2
REST_SECONDS = 1.0

Message = Mapping[str, Any]


class Queue(Protocol):
    """Every method may raise what botocore raises."""

    def receive(self, most: int, wait_seconds: int) -> Sequence[Message]: ...

    def delete(self, message: Message) -> None: ...

    def has_delayed(self) -> bool:
        """Does a message wait for its time to come?"""


class SqsQueue:
    """The real thing; `client` is a boto3 SQS client."""

    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url

    def receive(self, most: int, wait_seconds: int) -> Sequence[Message]:
        answer = self._client.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=most,
            WaitTimeSeconds=wait_seconds,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        messages: Sequence[Message] = answer.get("Messages", [])
        return messages

    def delete(self, message: Message) -> None:
        self._client.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])

    def has_delayed(self) -> bool:
        name = "ApproximateNumberOfMessagesDelayed"
        answer = self._client.get_queue_attributes(QueueUrl=self._url, AttributeNames=[name])
        return int(answer["Attributes"][name]) > 0


class Worker:
    """A message is deleted when the function returned, and comes again after its visibility timeout when it raised."""

    def __init__(self, queue: Queue, function: Function, threads: int = THREADS) -> None:
        self._queue = queue
        self._function = function
        self._free = threads
        self._threads = threads
        self._change = threading.Condition()
        self._over = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._poll, name="queue-poller", daemon=True).start()

    def stop(self) -> None:
        """Take no message any more."""
        self._over.set()
        with self._change:
            self._change.notify_all()

    def wait(self, seconds: float) -> bool:
        """Wait so long for the calls under way; False when one is not back."""
        with self._change:
            return self._change.wait_for(lambda: self._free == self._threads, seconds)

    def _poll(self) -> None:
        ill = False
        while not self._over.is_set():
            try:
                self._poll_once()
                ill = False
            except (BotoCoreError, ClientError) as error:
                if not ill:
                    log.warning("the queue does not answer; trying again every second: %s", error)
                ill = True
                self._over.wait(REST_SECONDS)

    def _poll_once(self) -> None:
        with self._change:
            self._change.wait_for(lambda: self._free > 0 or self._over.is_set())
            room = min(self._free, 10)
        if self._over.is_set():
            return
        # A long poll wakes at once for a new message, but the local queue notices only once a second that the time
        # of a delayed one has come. So while there are such, look often.
        patient = not self._queue.has_delayed()
        messages = self._queue.receive(room, LONG_POLL_SECONDS if patient else 0)
        if not messages and not patient:
            self._over.wait(SHORT_POLL_SECONDS)
        for message in messages:
            with self._change:
                self._free -= 1
            threading.Thread(target=self._work, args=(message,), name="queue-worker", daemon=True).start()

    def _work(self, message: Message) -> None:
        try:
            answer = self._function.invoke(events.from_queue([message]))
            if not (isinstance(answer, dict) and answer.get("batchItemFailures")):
                self._queue.delete(message)
        except Exception:
            log.exception("queue function failed; its message comes again", extra={"function": self._function.name})
        finally:
            with self._change:
                self._free += 1
                self._change.notify_all()
