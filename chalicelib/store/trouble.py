"""What the table says when it does not simply obey, and how often it is asked again.

A condition that does not hold is `Lost`: nothing was written, the collection decides what that means.
A conflict between transactions wrote nothing either and is tried again here; throttles and lost connections
botocore has then tried again already. Everything else is StoreDown.
"""

import random
from collections.abc import Callable
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import DoesNotExist, PynamoDBException, TransactWriteError

from chalicelib.domain.errors import StoreDown

T = TypeVar("T")

TRIES = 8  # with the pauses below: about a second of a row that everybody wants
_FIRST_PAUSE = 0.02
_LONGEST_PAUSE = 0.4

_CONDITION = {"ConditionalCheckFailedException", "ConditionalCheckFailed"}
_CONFLICT = {
    "TransactionConflictException",  # of one write with a transaction under way
    "TransactionConflict",  # of two transactions; and the two throttles that come as a transaction's reasons
    "ThrottlingError",
    "ProvisionedThroughputExceeded",
}


class Lost(Exception):
    """A condition of the write did not hold."""


def settle(call: Callable[[], T], pause: Callable[[float], None]) -> T:
    """The result of `call`, asked again while the table is only busy. Raises Lost or StoreDown."""
    for number in range(TRIES):
        try:
            return call()
        except DoesNotExist:
            raise
        except (PynamoDBException, ClientError, BotoCoreError) as error:
            codes = _codes(error)
            if codes & _CONDITION:
                raise Lost from error
            if not codes or not codes <= _CONFLICT:
                raise StoreDown(f"the table did not answer: {_said(error)}") from error
        pause(jitter(number))
    raise StoreDown("the table is too busy")


def jitter(number: int) -> float:
    """Seconds to wait after the `number`th failure: callers that collided must not collide again."""
    longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**number)
    return random.uniform(0, longest)  # noqa: S311 (nothing secret hangs on it)


def _codes(error: Exception) -> set[str]:
    """Why it failed; for a transaction, why each of its items did."""
    code = _code(error)
    if code == "TransactionCanceledException" and isinstance(error, TransactWriteError):
        return {reason.code for reason in error.cancellation_reasons if reason is not None}
    return {code} if code else set()


def _code(error: Exception) -> str | None:
    cause = error.cause if isinstance(error, PynamoDBException) else error  # most calls wrap botocore's, a few do not
    return str(cause.response["Error"]["Code"]) if isinstance(cause, ClientError) else None


def _said(error: Exception) -> str:
    cause = error.cause if isinstance(error, PynamoDBException) else error
    return _code(error) or type(cause).__name__
