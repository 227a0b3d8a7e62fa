"""Subscribe, confirm, deliver, filter, unsubscribe: a real topic, real https, and the receiver of the documentation.

The topic (ministack) posts, filters and confirms as SNS does, but for two things. Its messages are not signed: here
they are signed on their way, by a key that the receiver is told is SNS's, and the addresses in them get SNS's form. And
it tells a subscription's name only when it is asked a second time.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from chalicelib.domain.alert import Alert, Kind
from chalicelib.notify.topic import SnsNotifier
from local.drill.stack import wait_until
from tests.builders import NOW
from tests.docs.test_webhooks import CERTIFICATE, CONFIRM, Sns, receiver
from tests.notify.cloud import Webhook, running_sns


class Stand:
    """A topic, its notifier, and one webhook with a path for each subscriber."""

    def __init__(self, client: Any, webhook: Webhook) -> None:
        self.client = client
        self.webhook = webhook
        self.arn = str(client.create_topic(Name="alerts")["TopicArn"])
        self.notifier = SnsNotifier(client, self.arn)
        self.signer = Sns()

    def subscribe(self, path: str, consumer: str | None) -> str:
        """Its name, once the receiver has confirmed it."""
        self.notifier.subscribe("https", self.webhook.url(path), consumer)
        wait_until(lambda: self.webhook.posted(path, "SubscriptionConfirmation"), 20, "a confirmation is asked for")
        [asked] = self.webhook.posted(path, "SubscriptionConfirmation")
        assert self.receive(asked) is None
        return self.notifier.subscribe("https", self.webhook.url(path), consumer)

    def receive(self, message: dict[str, Any]) -> Any:
        """What docs/webhooks.md makes of it."""
        real = message.get("SubscribeURL")
        names = ("MessageId", "TopicArn", "Message", "Timestamp", "Subject", "Token")
        kept = {name: message[name] for name in names if name in message}
        signed = self.signer.message(message["Type"], **kept)

        def get(url: str) -> bytes:
            if url == CERTIFICATE:
                return self.signer.pem
            assert url == CONFIRM
            answer = requests.get(str(real), timeout=5)
            answer.raise_for_status()
            return answer.content

        return receiver()(json.dumps(signed).encode(), self.arn, get)

    def alerts(self, path: str) -> list[Any]:
        return [self.receive(one) for one in self.webhook.posted(path, "Notification")]

    def pending(self, arn: str) -> bool:
        found = self.client.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
        return bool(found["PendingConfirmation"] == "true")


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    folder = tmp_path_factory.mktemp("sns")
    webhook = Webhook(folder)
    try:
        with running_sns(folder, webhook.certificate) as client:
            yield Stand(client, webhook)
    finally:
        webhook.close()


def an_alert(number: int, consumer: str | None = "ada") -> Alert:
    return Alert(
        dedupe_id=f"{consumer}:2026-11-{number:02d}:0.8", kind=Kind.BUDGET, at=NOW, detail="ada has spent\n$8.00",
        consumer=consumer, period=f"2026-11-{number:02d}", threshold=0.8,
    )  # fmt: skip


def ids(alerts: list[Any]) -> set[str]:
    return {one["dedupe_id"] for one in alerts}


def test_an_alert_reaches_the_webhook_that_confirmed_and_no_other(stand: Stand) -> None:
    arn = stand.subscribe("/ada", "ada")
    assert not stand.pending(arn)
    stand.subscribe("/bob", "bob")
    stand.subscribe("/all", None)
    stand.notifier.subscribe("https", stand.webhook.url("/silent"), "ada")
    stand.notifier.publish(an_alert(1))
    stand.notifier.publish(an_alert(2, "bob"))
    stand.notifier.publish(an_alert(3, None))
    wait_until(lambda: len(stand.alerts("/all")) == 3, 20, "everybody's alerts arrived")
    wait_until(lambda: stand.alerts("/ada") and stand.alerts("/bob"), 20, "each one's own arrived")
    assert ids(stand.alerts("/ada")) == {"ada:2026-11-01:0.8"}
    assert ids(stand.alerts("/bob")) == {"bob:2026-11-02:0.8"}
    assert stand.alerts("/silent") == []
    [told] = stand.alerts("/ada")
    assert told == {
        "kind": "budget", "dedupe_id": "ada:2026-11-01:0.8", "at": "2026-09-21T14:13:20.000Z", "consumer": "ada",
        "session": None, "provider": None, "period": "2026-11-01", "threshold": 0.8, "detail": "ada has spent\n$8.00",
    }  # fmt: skip


def test_what_the_topic_sends_unsigned_is_refused_by_the_receiver(stand: Stand) -> None:
    stand.subscribe("/raw", "eve")
    stand.notifier.publish(an_alert(4, "eve"))
    wait_until(lambda: stand.webhook.posted("/raw", "Notification"), 20, "it arrived")
    [message] = stand.webhook.posted("/raw", "Notification")
    with pytest.raises(ValueError):
        receiver()(json.dumps(message).encode(), stand.arn, lambda url: stand.signer.pem)


def test_who_unsubscribed_hears_nothing_more(stand: Stand) -> None:
    arn = stand.subscribe("/leaves", "cyd")
    stand.subscribe("/stays", "cyd")
    stand.notifier.publish(an_alert(5, "cyd"))
    wait_until(lambda: stand.alerts("/leaves") and stand.alerts("/stays"), 20, "both heard it")
    stand.notifier.unsubscribe(arn)
    stand.notifier.unsubscribe(arn)
    stand.notifier.publish(an_alert(6, "cyd"))
    wait_until(lambda: len(stand.alerts("/stays")) == 2, 20, "the other one hears on")
    assert ids(stand.alerts("/leaves")) == {"cyd:2026-11-05:0.8"}
