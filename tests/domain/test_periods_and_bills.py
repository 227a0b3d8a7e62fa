"""Days and months by name, an invoice held against the ledger, and the size of a posting."""

import msgspec
import pytest

from chalicelib.domain.instant import rfc3339
from chalicelib.domain.invoice import Charge, Comparison, compare
from chalicelib.domain.period import before, bounds
from chalicelib.domain.posting import Posting, items
from chalicelib.domain.session import Session
from tests.builders import NOW, a_consumer, a_session
from tests.domain.test_session import an_attempt


@pytest.mark.parametrize(
    ("name", "first", "after", "earlier"),
    [
        ("2026-03-01", "2026-03-01T00:00:00.000Z", "2026-03-02T00:00:00.000Z", "2026-02-28"),
        ("2026-01", "2026-01-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z", "2025-12"),
        ("2028-02", "2028-02-01T00:00:00.000Z", "2028-03-01T00:00:00.000Z", "2028-01"),
    ],
)
def test_a_period_reaches_from_midnight_to_midnight_utc(name: str, first: str, after: str, earlier: str) -> None:
    assert tuple(map(rfc3339, bounds(name))) == (first, after)
    assert before(name) == earlier


def billed(number: int, *instance_ids: str, settled: bool = True) -> Session:
    attempt = msgspec.structs.replace(an_attempt(), instance_ids=instance_ids)
    return a_session(number, attempts=(attempt,), settled_at=NOW if settled else None)


def test_only_sessions_that_are_settled_and_wholly_on_the_invoice_are_compared() -> None:
    charges = [
        Charge(instance_id="7", amount=300),
        Charge(instance_id="7", amount=30),
        Charge(instance_id="9", amount=1),
    ]
    unsettled, half_known, unknown = billed(1, "9", settled=False), billed(2, "7", "8"), billed(3)
    whole = billed(4, "7")
    found = compare([unsettled, half_known, unknown, whole], charges, NOW, "vastai")
    assert (found.ours, found.billed) == (0, 330)
    assert [(drift.session.id, drift.amount) for drift in found.drifts] == [(whole.id, 330)]


def test_a_difference_of_exactly_the_share_is_no_drift() -> None:
    assert not Comparison(ours=9_900_000, billed=10_000_000).drifted(0.01)
    assert Comparison(ours=9_899_999, billed=10_000_000).drifted(0.01)


def test_a_difference_of_a_cent_is_how_markets_round() -> None:
    assert not Comparison(ours=0, billed=10_000).drifted(0.01)
    assert Comparison(ours=10_001, billed=0).drifted(0.01)


def test_a_posting_writes_its_sessions_and_one_row_of_the_consumer() -> None:
    session = a_session()
    assert items(Posting(consumer=a_consumer())) == 1
    assert items(Posting(consumer=a_consumer(), sessions=((session, session), (session, session)))) == 3
