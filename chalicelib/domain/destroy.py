"""How a machine is ended: how often to ask, and what amounts to gone."""

from zlib import crc32

from chalicelib.domain.attempt import LAUNCHING, Attempt
from chalicelib.domain.instant import SECOND, Instant, Millis, seconds
from chalicelib.domain.policy import Policy


def look_pause(policy: Policy) -> Millis:
    """From a destroy to the look that shows what it did: before the next destroy, however soon that is set to be."""
    return max(seconds(min(policy.destroy_look_seconds, policy.destroy_backoff_max_seconds / 2)), SECOND)


def pause(calls: int, seed: str, policy: Policy) -> Millis:
    """Until the next destroy after the `calls`-th one: 30 s doubling up to the cap, spread by `seed`.

    The cap itself is not spread: sooner would be more destroys an hour than anybody needs, and those who began
    together are apart by the pauses before. However short it is set, a look fits in between: it alone finds the end.
    """
    length = policy.destroy_backoff_seconds * 2 ** min(calls - 1, 16)
    spread = 1 + policy.destroy_jitter * (2 * (crc32(f"{seed}:{calls}".encode()) / 0xFFFFFFFF) - 1)
    return max(seconds(min(length * spread, policy.destroy_backoff_max_seconds)), 2 * look_pause(policy))


def late_arrival_possible(attempt: Attempt, now: Instant, policy: Policy) -> bool:
    """Could a machine still turn up that no read has shown so far? Until then absence means nothing.

    One that the create named may be missing from every read for a while; one of an unclear create for much longer.
    """
    if attempt.called_at is None or attempt.appeared:
        return False
    if attempt.answered:
        return bool(attempt.instance_ids) and now - attempt.at < seconds(policy.appear_seconds)
    window = policy.ambiguous_close_seconds
    if attempt.outcome == LAUNCHING:  # nobody has told how the call ended: it may be under way still
        window = max(window, policy.create_in_flight_seconds)
    waited = now - attempt.called_at >= seconds(window)
    return not (waited and attempt.lists_without >= policy.ambiguous_close_lists)
