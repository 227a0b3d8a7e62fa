"""Who caused too many failed creates waits, and only those creates count that may have cost something."""

import pytest

from chalicelib.domain import churn
from chalicelib.domain.attempt import Attempt, Stage
from chalicelib.domain.policy import Policy
from chalicelib.domain.session import Session
from tests.builders import NOW, a_session, an_offer

POLICY = Policy()
MINUTE = 60_000


def tried(*outcomes: str, at: int = NOW, sent: bool = True) -> Session:
    """A session whose attempts ended so, all at that moment."""
    attempts = tuple(
        Attempt(
            offer=an_offer(),
            disk_gb=40,
            stage=Stage.CLOSED,
            called_at=NOW if sent else None,
            outcome=outcome,
            at=at,
            deadline_at=NOW,
        )
        for outcome in outcomes
    )
    return a_session(attempts=attempts)


def test_two_failed_creates_are_bad_luck_and_three_are_refused_with_the_reason() -> None:
    assert churn.refusal([tried("timed_out"), tried("vanished")], NOW, POLICY) is None
    refused = churn.refusal([tried("timed_out"), tried("vanished", "failed_to_boot")], NOW, POLICY)
    assert refused is not None
    assert (refused.status, refused.code, refused.extra["failures"]) == (429, "churn_guard", 3)
    assert "failed to boot" in refused.detail


def test_the_wait_ends_when_the_third_last_failure_leaves_the_window() -> None:
    failures = [tried("timed_out", at=NOW - 4 * MINUTE), tried("timed_out", "timed_out", at=NOW)]
    refused = churn.refusal(failures, NOW, POLICY)
    assert refused is not None
    assert refused.extra["retry_after"] == 6 * 60
    assert churn.refusal(failures, NOW + 6 * MINUTE, POLICY) is None


@pytest.mark.parametrize("outcome", ["offer_gone", "refused", "running", "created", "adopted", "uncertain"])
def test_what_made_no_machine_or_may_still_become_one_does_not_count(outcome: str) -> None:
    assert churn.refusal([tried(*[outcome] * 5)], NOW, POLICY) is None


def test_what_was_never_sent_does_not_count() -> None:
    assert churn.refusal([tried(*["timed_out"] * 5, sent=False)], NOW, POLICY) is None


def test_zero_turns_the_guard_off() -> None:
    assert churn.refusal([tried(*["timed_out"] * 9)], NOW, Policy(churn_failures=0)) is None
