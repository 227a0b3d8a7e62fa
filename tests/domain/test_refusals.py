"""The refusals of quotas and idempotency, word for word: people and programs read them."""

import msgspec

from chalicelib.domain.errors import LaunchRefused, LaunchUncertain, ProviderBusy, ProviderDown, StoreDown
from chalicelib.domain.quota import conflict, exceeded, not_active
from tests.builders import a_consumer


def test_a_key_that_is_no_longer_active_is_answered_like_an_unknown_one() -> None:
    refusal = not_active()
    assert (refusal.status, refusal.code, refusal.detail) == (401, "unauthorized", "the key is not active")


def test_a_reused_idempotency_key_is_a_conflict() -> None:
    refusal = conflict()
    assert (refusal.status, refusal.code) == (409, "idempotency_conflict")
    assert refusal.detail == "this Idempotency-Key was used with a different request"


def test_an_error_carries_its_reason_and_says_what_its_caller_does_next() -> None:
    refused = LaunchRefused("no image")
    assert (str(refused), refused.reason, refused.kind) == ("no image", "no image", "bad_order")
    assert LaunchRefused("no money", "no_funds").kind == "no_funds"
    doubt = LaunchUncertain("no answer", "7")
    assert (str(doubt), doubt.instance_id, LaunchUncertain("no answer").instance_id) == ("no answer", "7", None)
    assert (ProviderBusy("slow down", 2.0).retry_after, ProviderBusy("slow down", 2.0).unsent) == (2.0, False)
    assert (ProviderDown("gone").reason, ProviderDown("gone").retry_after) == ("gone", 5.0)
    down = StoreDown("throttled")
    assert (str(down), down.reason, down.retry_after) == ("throttled", "throttled", 2.0)


def test_a_quota_that_is_reached_is_named() -> None:
    consumer = a_consumer(max_sessions=2, sessions=1, max_price_per_hour=1_000_000, committed_per_hour=600_000)
    assert exceeded(consumer, 400_000) is None
    refusal = exceeded(consumer, 400_001)
    assert refusal is not None
    assert (refusal.status, refusal.code, refusal.extra) == (429, "quota_exceeded", {"limit": "max_price_per_hour"})
    refusal = exceeded(msgspec.structs.replace(consumer, sessions=2), 1)
    assert refusal is not None
    assert refusal.extra == {"limit": "max_sessions"}
