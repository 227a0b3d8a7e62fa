"""How a launch goes: what may be paid, how often to look, and when an attempt has failed."""

from chalicelib.domain.attempt import Attempt
from chalicelib.domain.instance import SSH_PORT, Address, Instance, OpenPort, Phase
from chalicelib.domain.instant import Instant, Millis, seconds
from chalicelib.domain.money import Micros
from chalicelib.domain.policy import Policy
from chalicelib.domain.session import EndReason, Session

_LEAST_PAUSE: Millis = 100  # whatever the policy says: to look without any pause would leave time for nothing else


def ceiling(listed: Micros, max_price: Micros | None, policy: Policy, share: float = 1.0) -> Micros:
    """The most a session may cost per hour: the listed price and a tolerance (or a share of it), within the consumer's
    own limit."""
    tolerated = round(listed * (1 + share * policy.price_tolerance))
    return tolerated if max_price is None else min(tolerated, max_price)


def may_try_another(session: Session, policy: Policy) -> bool:
    """Is an attempt left? Those that found their offer taken, and sent no create, have a number of their own."""
    sent = sum(attempt.called_at is not None for attempt in session.attempts)
    unsent = len(session.attempts) - sent
    return sent < session.order.max_attempts and unsent < max(policy.unsent_tries_max, session.order.max_attempts)


def boot_pause(called_at: Instant, now: Instant, policy: Policy) -> Millis:
    """How long to wait before the next look at a booting machine."""
    share = round((now - called_at) * policy.boot_poll_share)
    return max(min(max(seconds(policy.boot_poll_seconds), share), seconds(policy.boot_poll_max_seconds)), _LEAST_PAUSE)


def ssh_pause(policy: Policy) -> Millis:
    """How long to wait before the next knock at a machine that the provider calls up."""
    return max(seconds(policy.ssh_poll_seconds), _LEAST_PAUSE)


def lost_create_pause(called_at: Instant, now: Instant, policy: Policy) -> Millis:
    """How long to wait before the next look for the machine of an unclear create: as often as it must be looked for
    until that may be given up."""
    share = policy.ambiguous_close_seconds / max(policy.ambiguous_close_lists, 1)
    least = max(seconds(min(policy.lost_create_look_seconds, share)), _LEAST_PAUSE)
    return least if now - called_at < 12 * least else 6 * least


def failure(
    attempt: Attempt, instance: Instance, agreed: Micros, now: Instant, policy: Policy
) -> tuple[str, str] | None:
    """(outcome, detail) when this machine will not become what was rented; None while it still may."""
    called_at = attempt.called_at or attempt.at
    if instance.gpu is not None and instance.gpu != attempt.offer.gpu:
        return "wrong_hardware", f"rented {attempt.offer.gpu}, got {instance.gpu}"
    if instance.gpu_count is not None and instance.gpu_count != attempt.offer.gpu_count:
        return "wrong_hardware", f"rented {attempt.offer.gpu_count} GPUs, got {instance.gpu_count}"
    if instance.price_per_hour is not None and instance.price_per_hour > agreed:
        return (
            "dearer",
            f"the machine costs ${instance.price_per_hour / 1e6:.4f}/h, agreed was at most ${agreed / 1e6:.4f}/h",
        )
    if instance.phase is Phase.FAILED:
        return "failed_to_boot", instance.message or instance.status
    if instance.phase in (Phase.STOPPED, Phase.FROZEN) and now - called_at >= seconds(policy.stopped_grace_seconds):
        return "failed_to_boot", f"{instance.status}: {instance.message or 'the machine stopped while booting'}"
    return None


def opened(session: Session, machine: Instance, ssh: Address | None) -> tuple[OpenPort, ...] | None:
    """Where the ports that were asked for beside SSH's are reached, in their order; None while that is known of none.

    An address of its own, with SSH where that always is, has every other port where it always is, too. What is known
    already gives way only to more: a market that tells of less, for once, has not closed anything by that.
    """
    if ssh is None:
        return session.ports
    asked = sorted({*session.order.ports} - {SSH_PORT})
    own = {port: OpenPort(port=port, host=ssh.host, external_port=port) for port in asked} if ssh.guessed else {}
    told = own | {one.port: one for one in machine.ports}
    found = tuple(told[port] for port in asked if port in told)
    return found if len(found) > len(session.ports or ()) else session.ports


_REASONS = {
    "offer_gone": EndReason.LAUNCH_REFUSED,
    "refused": EndReason.LAUNCH_REFUSED,
    "requote_dearer": EndReason.LAUNCH_REFUSED,
    "timed_out": EndReason.PROVISION_TIMEOUT,
}


def end_reason(outcome: str) -> EndReason:
    """Why the session ends when its last attempt ended with `outcome`."""
    return _REASONS.get(outcome, EndReason.PROVISION_FAILED)
