"""The receiver in docs/webhooks.md, as it is printed there, takes what SNS signs and nothing else."""

import base64
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

PAGE = Path(__file__).parents[2] / "docs" / "webhooks.md"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"
CERTIFICATE = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123abcd.pem"
CONFIRM = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t"
ALERT = {"kind": "budget", "dedupe_id": "ada:2026-11:0.8"}


@cache
def receiver() -> Callable[..., Any]:
    [code] = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S)
    found: dict[str, Any] = {}
    exec(compile(code, str(PAGE), "exec"), found)
    receive: Callable[..., Any] = found["receive"]
    return receive


class Sns:
    """Signs as SNS does, and remembers what was fetched."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")])
        now = datetime(2026, 1, 1, tzinfo=UTC)
        certificate = (
            x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self.key.public_key())
            .serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1000))
            .sign(self.key, hashes.SHA256())
        )  # fmt: skip
        self.pem = certificate.public_bytes(serialization.Encoding.PEM)
        self.fetched: list[str] = []

    def get(self, url: str) -> bytes:
        self.fetched.append(url)
        return self.pem

    def message(self, kind: str = "Notification", version: str = "2", **changes: str) -> dict[str, str]:
        envelope = {
            "Type": kind, "MessageId": "m-1", "TopicArn": TOPIC, "Message": json.dumps(ALERT),
            "Timestamp": "2026-11-23T16:00:00.000Z", "SignatureVersion": version, "SigningCertURL": CERTIFICATE,
        }  # fmt: skip
        if kind == "Notification":
            envelope["Subject"] = "[gpu-shopper] budget"
        else:
            envelope |= {"Token": "t", "SubscribeURL": CONFIRM}
        envelope |= changes
        signed = ("Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
        text = "".join(f"{name}\n{envelope[name]}\n" for name in signed if name in envelope)
        algorithm = hashes.SHA256() if version == "2" else hashes.SHA1()
        signature = self.key.sign(text.encode(), padding.PKCS1v15(), algorithm)
        return envelope | {"Signature": base64.b64encode(signature).decode()}


def receive(sns: Sns, envelope: dict[str, str]) -> Any:
    return receiver()(json.dumps(envelope).encode(), TOPIC, sns.get)


@pytest.mark.parametrize("version", ["1", "2"])
def test_an_alert_that_sns_signed_is_taken(version: str) -> None:
    sns = Sns()
    assert receive(sns, sns.message(version=version)) == ALERT
    assert sns.fetched == [CERTIFICATE]


def test_a_subscription_is_confirmed_by_fetching_its_address() -> None:
    sns = Sns()
    assert receive(sns, sns.message("SubscriptionConfirmation")) is None
    assert sns.fetched == [CERTIFICATE, CONFIRM]


@pytest.mark.parametrize(
    "changes",
    [
        {"SigningCertURL": "https://evil.example/SimpleNotificationService-0.pem"},
        {"SigningCertURL": "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-0.pem"},
        {"SigningCertURL": "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem"},
        {"TopicArn": "arn:aws:sns:eu-west-1:999999999999:alerts"},
        {"Type": "Other"},
    ],
)
def test_what_is_not_of_this_topic_is_refused_before_anything_is_fetched(changes: dict[str, str]) -> None:
    sns = Sns()
    with pytest.raises(ValueError):
        receive(sns, sns.message(**changes))
    assert sns.fetched == []


def test_a_message_that_was_changed_is_refused() -> None:
    sns = Sns()
    with pytest.raises(ValueError):
        receive(sns, sns.message() | {"Message": "{}"})


def test_a_confirmation_that_leads_elsewhere_is_not_fetched() -> None:
    sns = Sns()
    with pytest.raises(ValueError):
        receive(sns, sns.message("SubscriptionConfirmation", SubscribeURL="https://169.254.169.254/latest"))
    assert sns.fetched == [CERTIFICATE]
