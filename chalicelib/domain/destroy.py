"""How a machine is ended: how often to ask, and what amounts to gone."""

from zlib import crc32

from chalicelib.domain.attempt import Attempt
from chalicelib.domain.instant import Instant, Millis, seconds
from chalicelib.domain.policy import Policy


def pause(calls: int, seed: str, policy: Policy) -> Millis:
    """Until the next destroy after the `calls`-th one: 30 s doubling up to the cap, spread by `seed`."""
    cap = policy.destroy_backoff_max_seconds
    length = min(policy.destroy_backoff_seconds * 2 ** min(calls - 1, 16), cap)
    spread = 1 + policy.destroy_jitter * (2 * (crc32(f"{seed}:{calls}".encode()) / 0xFFFFFFFF) - 1)
    return seconds(min(length * spread, cap))


def late_arrival_possible(attempt: Attempt, now: Instant, policy: Policy) -> bool:
    """Could the machine of an unclear create still turn up? Until then absence means nothing."""
    if attempt.answered or attempt.called_at is None:
        return False
    waited = now - attempt.called_at >= seconds(policy.ambiguous_close_seconds)
    return not (waited and attempt.lists_without >= policy.ambiguous_close_lists)
