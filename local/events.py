"""What AWS would hand to a function: the events of the clock and of the queue, and the context of an invocation."""

import time
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from chalice.config import Config
from chalice.local import LambdaContext

from local.cloud import ACCOUNT, NAME, REGION

DEFAULT_TIMEOUT_SECONDS = 60  # what chalice deploys a function with that says nothing
DEFAULT_MEMORY_MB = 128


def scheduled(name: str) -> dict[str, Any]:
    """EventBridge's event for the rule of this name."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{name}"],
        "detail": {},
    }


def from_queue(messages: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Lambda's event for messages as SQS hands them out."""
    now = str(int(time.time() * 1000))
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message.get("Attributes", {"SentTimestamp": now, "ApproximateReceiveCount": "1"}),
                "messageAttributes": message.get("MessageAttributes", {}),
                "md5OfBody": message.get("MD5OfBody", ""),
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{NAME}",
                "awsRegion": REGION,
            }
            for message in messages
        ]
    }


def context(config: Config, stage: str, function: str) -> LambdaContext:
    """With the memory and the time limit that the function is deployed with."""
    deployed = config.scope(stage, function)
    timeout = deployed.lambda_timeout or DEFAULT_TIMEOUT_SECONDS
    return LambdaContext(function, deployed.lambda_memory_size or DEFAULT_MEMORY_MB, max_runtime_ms=timeout * 1000)
