"""A consumer whose creates keep failing is made to wait: each of them may have billed a minimum somewhere."""

from collections.abc import Iterable

from chalicelib.domain.attempt import Attempt
from chalicelib.domain.errors import Refusal
from chalicelib.domain.instant import SECOND, Instant, seconds
from chalicelib.domain.policy import Policy
from chalicelib.domain.session import Session

HOSTS_FAULT = frozenset(("failed_to_boot", "timed_out", "vanished", "wrong_hardware"))
"""Outcomes that the very machine is to blame for: the next machine of that host would do the same."""

_FAILED = HOSTS_FAULT | {"dearer", "refused_with_machine", "never_appeared"}


def failed(attempt: Attempt) -> bool:
    """Was a create sent that made, or may have made, a machine nobody could use? A clear refusal made none."""
    return attempt.called_at is not None and attempt.outcome in _FAILED


def refusal(recent: Iterable[Session], now: Instant, policy: Policy) -> Refusal | None:
    """Why this consumer must wait before the next rental, judged by its recent sessions; None when it need not."""
    window = seconds(policy.churn_window_seconds)
    ends = sorted(
        (attempt.at, attempt.offer.id, attempt.outcome)
        for session in recent
        for attempt in session.attempts
        if failed(attempt) and now - attempt.at < window
    )
    most = policy.churn_failures
    if most == 0 or len(ends) < most:
        return None
    wait = -(-(ends[-most][0] + window - now) // SECOND)  # until so many are no longer within the window
    told = ", ".join(f"{offer_id} {outcome.replace('_', ' ')}" for _, offer_id, outcome in ends[-3:])
    detail = (
        f"{len(ends)} creates failed within {policy.churn_window_seconds / 60:g} minutes ({told}):"
        f" each may have cost a minimum, so the next one waits {wait} s"
    )
    return Refusal(429, "churn_guard", detail, failures=len(ends), retry_after=wait)
