"""Alerts through SNS: one publish for people and webhooks, and a topic that keeps each to their own."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from moto import mock_aws

from chalicelib.domain.alert import Alert, Kind
from chalicelib.domain.errors import Refusal, StoreDown
from chalicelib.notify.topic import SnsNotifier
from tests.builders import NOW


class Stand:
    """A topic, and queues that listen to it as subscribers do."""

    def __init__(self) -> None:
        self.sns: Any = boto3.client("sns", "eu-west-1")
        self.sqs: Any = boto3.client("sqs", "eu-west-1")
        self.arn = self.sns.create_topic(Name="alerts")["TopicArn"]
        self.notifier = SnsNotifier(self.sns, self.arn)

    def listen(self, name: str, consumer: str | None) -> str:
        url = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self.notifier.subscribe("sqs", arn, consumer)
        return str(url)

    def heard(self, url: str) -> list[Any]:
        found = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(one["Body"]) for one in found]


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    with mock_aws():
        yield Stand()


def an_alert(**changes: Any) -> Alert:
    fields: dict[str, Any] = {
        "dedupe_id": "ada:2026-11:0.8", "kind": Kind.BUDGET, "at": NOW, "detail": "ada has spent $8.00",
        "consumer": "ada", "period": "2026-11", "threshold": 0.8,
    }  # fmt: skip
    return Alert(**(fields | changes))


def test_a_filter_keeps_everybody_to_their_own_alerts(stand: Stand) -> None:
    ada, bob, everybody = stand.listen("ada", "ada"), stand.listen("bob", "bob"), stand.listen("all", None)
    stand.notifier.publish(an_alert())
    stand.notifier.publish(an_alert(consumer=None, kind=Kind.PROVIDER_AUTH, dedupe_id="auth:1"))
    assert len(stand.heard(ada)) == 1
    assert stand.heard(bob) == []
    assert len(stand.heard(everybody)) == 2


def test_the_attributes_tell_kind_and_consumer(stand: Stand) -> None:
    url = stand.listen("ada", "ada")
    stand.notifier.publish(an_alert())
    [message] = stand.heard(url)
    assert {name: one["Value"] for name, one in message["MessageAttributes"].items()} == {
        "kind": "budget",
        "consumer": "ada",
    }


def test_people_get_a_letter_and_webhooks_get_data(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(stand.sns, "publish", lambda **message: sent.append(message))
    stand.notifier.publish(an_alert(detail="ü spent\n$8"))
    [message] = sent
    forms = json.loads(message["Message"])
    assert message["MessageStructure"] == "json"
    assert message["Subject"] == "[gpu-shopper] budget"
    assert json.loads(forms["https"]) == {
        "kind": "budget", "dedupe_id": "ada:2026-11:0.8", "at": "2026-09-21T14:13:20.000Z", "consumer": "ada",
        "session": None, "provider": None, "period": "2026-11", "threshold": 0.8, "detail": "ü spent\n$8",
    }  # fmt: skip
    assert forms["email"].startswith("ü spent\n$8\n")
    assert "ada:2026-11:0.8" in forms["email"]


def test_a_subject_is_what_the_topic_takes(stand: Stand) -> None:
    url = stand.listen("all", None)
    stand.notifier.publish(an_alert(session="ü" * 200))
    [message] = stand.heard(url)
    assert len(message["Subject"]) == 100
    assert message["Subject"].isascii()


def test_a_subscription_has_its_filter_and_ends_without_a_trace(stand: Stand) -> None:
    arn = stand.notifier.subscribe("email", "ada@example.com", "ada")
    attributes = stand.sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert json.loads(attributes["FilterPolicy"]) == {"consumer": ["ada"]}
    assert stand.notifier.subscribe("email", "ada@example.com", "ada") == arn
    assert stand.notifier.unsubscribe(arn)
    assert stand.notifier.unsubscribe(arn)
    assert stand.sns.list_subscriptions_by_topic(TopicArn=stand.arn)["Subscriptions"] == []


def _refusing(code: str, message: str) -> Any:
    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": code, "Message": message}}, "Subscribe")

    return refuse


def test_an_endpoint_told_on_other_terms_or_not_to_be_told_is_refused_by_name(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    for message, status in (
        ("Invalid parameter: Attributes Reason: Subscription already exists with different attributes", 409),
        ("Invalid parameter: Email address", 400),
    ):
        monkeypatch.setattr(stand.sns, "subscribe", _refusing("InvalidParameter", message))
        with pytest.raises(Refusal) as refused:
            stand.notifier.subscribe("email", "ada@example.com", "ada")
        assert (refused.value.status, refused.value.extra["field"]) == (status, "endpoint")
    monkeypatch.setattr(stand.sns, "subscribe", _refusing("Throttled", "slow down"))
    with pytest.raises(StoreDown):
        stand.notifier.subscribe("email", "ada@example.com", "ada")


def test_one_that_nobody_has_confirmed_is_kept_by_the_topic_and_that_is_said(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stand.sns, "unsubscribe", _refusing("InvalidParameter", "This subscription is not confirmed"))
    assert not stand.notifier.unsubscribe("arn:aws:sns:eu-west-1:123456789012:alerts:1")


def test_a_topic_that_is_gone_is_told_as_trouble(stand: Stand) -> None:
    stand.sns.delete_topic(TopicArn=stand.arn)
    with pytest.raises(StoreDown):
        stand.notifier.publish(an_alert())
    with pytest.raises(StoreDown):
        stand.notifier.subscribe("email", "ada@example.com", None)


def test_an_answer_that_is_none_is_a_topic_out_of_reach(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: Any) -> None:
        raise ResponseParserError("Unable to parse response: <html>")

    monkeypatch.setattr(stand.sns, "publish", broken)
    with pytest.raises(StoreDown):
        stand.notifier.publish(an_alert())
