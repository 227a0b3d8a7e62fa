"""The real queue of the local cloud, and the worker on it."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from local.backends import DUMMY_AWS
from local.children import Child, free_ports
from local.cloud import NAME, REGION, TOPIC_ARN, queue_url
from local.functions import Function
from local.worker import SqsQueue, Worker
from tests.local.waiting import eventually

pytestmark = pytest.mark.stack
ROOT = Path(__file__).parents[2]
CREDENTIALS = {name.lower(): value for name, value in DUMMY_AWS.items()}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Child]:
    port = free_ports(1)[0]
    argv = [sys.executable, "-m", "local.cloud", "--port", str(port)]
    child = Child("local AWS", argv, port, {"PYTHONPATH": str(ROOT)}, tmp_path_factory.mktemp("cloud") / "log")
    child.start()
    child.wait_ready(30)
    yield child
    child.kill()


def test_queue_and_topic_are_there_as_soon_as_the_port_answers(cloud: Child) -> None:
    sqs = boto3.client("sqs", endpoint_url=cloud.url, region_name=REGION, **CREDENTIALS)
    sns = boto3.client("sns", endpoint_url=cloud.url, region_name=REGION, **CREDENTIALS)
    assert sqs.get_queue_url(QueueName=NAME)["QueueUrl"] == queue_url(cloud.port)
    assert sns.get_topic_attributes(TopicArn=TOPIC_ARN)["Attributes"]["TopicArn"] == TOPIC_ARN


def test_a_delayed_message_is_worked_off_when_its_time_has_come_and_soon_after(cloud: Child) -> None:
    sqs = boto3.client("sqs", endpoint_url=cloud.url, region_name=REGION, **CREDENTIALS)
    url = queue_url(cloud.port)
    late: dict[str, float] = {}
    worker = Worker(
        SqsQueue(sqs, url), Function("worker", lambda event: late.update({event["Records"][0]["body"]: time.time()}))
    )
    worker.start()
    sent = time.time()
    for delay in (0, 1, 2):
        sqs.send_message(QueueUrl=url, MessageBody=str(delay), DelaySeconds=delay)
    assert eventually(lambda: len(late) == 3)
    worker.stop()
    for body, at in late.items():
        assert int(body) <= at - sent < int(body) + 2.0
    assert eventually(lambda: in_queue(sqs, url) == 0)


def in_queue(sqs: Any, url: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(number) for number in attributes.values())


def test_a_subscriber_that_cannot_be_reached_keeps_nobody_waiting(cloud: Child) -> None:
    sns = boto3.client("sns", endpoint_url=cloud.url, region_name=REGION, **CREDENTIALS)
    nobody = f"http://127.0.0.1:{free_ports(1)[0]}/"
    told = sns.subscribe(TopicArn=TOPIC_ARN, Protocol="http", Endpoint=nobody, ReturnSubscriptionArn=True)
    for _ in range(3):
        assert sns.publish(TopicArn=TOPIC_ARN, Message="hello")["MessageId"]
    sns.unsubscribe(SubscriptionArn=told["SubscriptionArn"])
