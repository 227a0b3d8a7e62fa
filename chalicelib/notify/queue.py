"""Wake-ups by SQS. A message that cannot be sent costs time, never correctness: the sweeps look at every row."""

import json
import logging
import math
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

log = logging.getLogger(__name__)

_LONGEST_DELAY = 900  # SQS takes no more


class SqsWakeups:
    """The Wakeups port over one queue; `client` is an SQS client."""

    def __init__(self, client: Any, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def session(self, session_id: str, delay_seconds: float = 0.0) -> None:
        self._send({"session": session_id}, delay_seconds)

    def sweep(self, name: str, *, if_due: bool = False) -> None:
        self._send({"wake" if if_due else "sweep": name}, 0.0)

    def _send(self, message: dict[str, str], delay_seconds: float) -> None:
        delay = min(max(math.ceil(delay_seconds), 0), _LONGEST_DELAY)
        try:
            self._client.send_message(QueueUrl=self._queue_url, MessageBody=json.dumps(message), DelaySeconds=delay)
        except (BotoCoreError, ClientError) as error:
            log.warning("wake-up not sent, the next sweep will see to it: %s", error)
