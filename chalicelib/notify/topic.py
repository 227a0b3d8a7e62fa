"""Alerts by SNS: one publish carries plain text for people, JSON for webhooks, and attributes to filter by."""

import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from chalicelib.domain.alert import Alert
from chalicelib.domain.errors import Refusal, ShopperError, StoreDown, invalid
from chalicelib.domain.instant import rfc3339

_SUBJECT_LENGTH = 100  # SNS takes no more
_GONE = ("NotFound", "NotFoundException")
_INVALID = ("InvalidParameter", "InvalidParameterException")


class SnsNotifier:
    """The Notifier port over one topic; `client` is an SNS client."""

    def __init__(self, client: Any, topic_arn: str) -> None:
        self._client = client
        self._topic_arn = topic_arn

    def subscribe(self, protocol: str, endpoint: str, consumer: str | None) -> str:
        """`consumer` becomes the filter policy: the topic itself keeps everybody else's alerts from the endpoint."""
        heard = [consumer] if consumer is not None else [{"exists": True}]
        try:
            answer = self._client.subscribe(
                TopicArn=self._topic_arn,
                Protocol=protocol,
                Endpoint=endpoint,
                Attributes={"FilterPolicy": json.dumps({"consumer": heard})},
                ReturnSubscriptionArn=True,  # its real name, though nobody has confirmed it yet
            )
        except ClientError as error:
            raise _refused(error) from error
        except BotoCoreError as error:
            raise StoreDown(f"the topic did not take the subscription: {error}") from error
        return str(answer["SubscriptionArn"])

    def unsubscribe(self, arn: str) -> bool:
        """One that was never confirmed may not be removed by name; the topic forgets it by itself after two days."""
        try:
            self._client.unsubscribe(SubscriptionArn=arn)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code not in (*_GONE, *_INVALID):
                raise StoreDown(f"the topic did not take the end of a subscription: {error}") from error
            return code in _GONE
        except BotoCoreError as error:
            raise StoreDown(f"the topic did not take the end of a subscription: {error}") from error
        return True

    def publish(self, alert: Alert) -> None:
        attributes = {"kind": alert.kind, "consumer": alert.consumer or "operators"}
        try:
            self._client.publish(
                TopicArn=self._topic_arn,
                Subject=_subject(alert),
                MessageStructure="json",
                Message=json.dumps({"default": alert.detail, "email": _letter(alert), "https": _data(alert)}),
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
                },
            )
        except (BotoCoreError, ClientError, ResponseParserError) as error:
            raise StoreDown(f"the topic did not take the alert: {error}") from error


def _refused(error: ClientError) -> ShopperError:
    """Why an endpoint was not subscribed. A topic has one subscription for each, with one filter."""
    told = error.response["Error"]
    if told["Code"] not in _INVALID:
        return StoreDown(f"the topic did not take the subscription: {error}")
    if "already exists" in told.get("Message", ""):
        why = (
            "endpoint: the topic tells it already, on other terms (the deployment's own mail address hears everything)"
        )
        return Refusal(409, "subscription_exists", why, field="endpoint")
    return invalid("endpoint", "SNS does not take it")


def _subject(alert: Alert) -> str:
    """ASCII without control characters, as SNS demands."""
    text = f"[gpu-shopper] {alert.kind.replace('_', ' ')}" + (f": {alert.session}" if alert.session else "")
    return text.encode("ascii", "replace").decode()[:_SUBJECT_LENGTH]


def _letter(alert: Alert) -> str:
    lines = [alert.detail, "", f"at        {rfc3339(alert.at)}"]
    lines += [
        f"{name:<9} {value}" for name, value in (("session", alert.session), ("consumer", alert.consumer)) if value
    ]
    return "\n".join([*lines, f"id        {alert.dedupe_id}"])


def _data(alert: Alert) -> str:
    return json.dumps(
        {
            "kind": alert.kind,
            "dedupe_id": alert.dedupe_id,
            "at": rfc3339(alert.at),
            "consumer": alert.consumer,
            "session": alert.session,
            "provider": alert.provider,
            "period": alert.period,
            "threshold": alert.threshold,
            "detail": alert.detail,
        }
    )
