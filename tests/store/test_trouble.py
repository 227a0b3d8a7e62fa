"""What the table's troubles become."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from pynamodb.exceptions import CancellationReason, GetError, PutError, TransactWriteError, VerboseClientError

from chalicelib.domain.errors import StoreDown
from chalicelib.store.trouble import TRIES, Lost, settle


def _failing(code: str) -> PutError:
    return PutError("no", ClientError({"Error": {"Code": code, "Message": ""}}, "PutItem"))


def _cancelled(*codes: str | None) -> TransactWriteError:
    reasons = [CancellationReason(code=code) if code else None for code in codes]
    answer = {"Error": {"Code": "TransactionCanceledException", "Message": ""}}
    return TransactWriteError("no", VerboseClientError(answer, "TransactWriteItems", cancellation_reasons=reasons))


class _Call:
    """Raises these errors one by one, then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.pauses: list[float] = []

    def __call__(self) -> str:
        if self.errors:
            raise self.errors.pop(0)
        return "done"

    def settled(self) -> str:
        return settle(self, self.pauses.append)


def test_an_answer_is_passed_on_without_a_pause() -> None:
    call = _Call()
    assert (call.settled(), call.pauses) == ("done", [])


@pytest.mark.parametrize(
    "error",
    [
        _failing("ConditionalCheckFailedException"),
        _cancelled(None, "ConditionalCheckFailed"),
        _cancelled("TransactionConflict", "ConditionalCheckFailed"),
    ],
)
def test_a_condition_that_does_not_hold_is_lost_at_once(error: Exception) -> None:
    call = _Call(error)
    with pytest.raises(Lost):
        call.settled()
    assert call.pauses == []


@pytest.mark.parametrize(
    "error", [_failing("TransactionConflictException"), _cancelled(None, "TransactionConflict", "ThrottlingError")]
)
def test_a_conflict_is_tried_again_after_a_short_pause(error: Exception) -> None:
    call = _Call(error, error)
    assert call.settled() == "done"
    assert len(call.pauses) == 2
    assert all(0 <= pause <= 0.04 for pause in call.pauses)


def test_conflicts_without_end_are_trouble() -> None:
    call = _Call(*[_cancelled("TransactionConflict")] * 100)
    with pytest.raises(StoreDown, match="too busy"):
        call.settled()
    assert len(call.pauses) == TRIES
    assert sum(call.pauses) < 2


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (_failing("ThrottlingException"), "ThrottlingException"),
        (_cancelled("ValidationError", "TransactionConflict"), "TransactionCanceledException"),
        (GetError("no", EndpointConnectionError(endpoint_url="http://nowhere")), "EndpointConnectionError"),
        (EndpointConnectionError(endpoint_url="http://nowhere"), "EndpointConnectionError"),
        (ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "GetItem"), "ResourceNotFoundException"),
    ],
)
def test_everything_else_is_trouble_that_names_its_cause(error: Exception, said: str) -> None:
    with pytest.raises(StoreDown, match=said) as raised:
        _Call(error).settled()
    assert raised.value.retry_after > 0
    assert "nowhere" not in raised.value.reason
