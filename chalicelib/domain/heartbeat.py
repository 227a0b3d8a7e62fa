"""What may be concluded from heartbeats: from silence, and from machines that do nothing."""

from chalicelib.domain.instant import Instant, Millis, hours, seconds
from chalicelib.domain.lease import Mode, OnDisconnect, deadline
from chalicelib.domain.policy import Policy
from chalicelib.domain.pulse import Pulse
from chalicelib.domain.session import EndReason, Session, Status


def busiest(pulse: Pulse) -> float | None:
    """Percent of the GPU that works most, of those that tell."""
    told = [util for util in pulse.gpu_util if util is not None]
    return max(told, default=None)


def is_active(pulse: Pulse, gpus: int, policy: Policy) -> bool:
    """Is somebody using it? A GPU that is not seen might be: only what is known to rest counts as idle."""
    if pulse.ssh_sessions > 0 or len(pulse.gpu_util) < gpus:
        return True
    return any(util is None or util >= policy.idle_gpu_percent for util in pulse.gpu_util)


def ends_for_rest(before: Session, after: Session) -> bool:
    """Is it ended for being idle here? That may be written only while nothing was heard to the contrary."""
    return after.end_reason is EndReason.IDLE and before.end_reason is None


def is_silent(session: Session, now: Instant, policy: Policy) -> bool:
    """Did its agent report once, and not for too long? One that never did is not listened for."""
    heard = session.last_heartbeat_at
    return heard is not None and now - heard >= seconds(policy.heartbeat_timeout_seconds)


def is_lost(session: Session, now: Instant, policy: Policy) -> bool:
    """Silent for so long that the provider's word against it is enough."""
    heard = session.last_heartbeat_at
    return heard is not None and now - heard >= seconds(policy.heartbeat_lost_seconds)


def is_armed(session: Session, now: Instant, policy: Policy) -> bool:
    """Does the machine end itself, in time, if nobody else does? By its own word, and only while it is heard."""
    pulse = session.pulse
    if session.final or pulse is None or not pulse.armed or is_silent(session, now, policy):
        return False
    return pulse.ends_at is None or pulse.ends_at <= told_deadline(session, policy)


def agent_deadline(session: Session, policy: Policy) -> Instant:
    """When the machine ends itself if we are gone from now on: by its own last word, else as it was made; it learns of
    an extension with its next heartbeat, and without heartbeats never."""
    if session.pulse is not None and session.pulse.ends_at is not None:
        return session.pulse.ends_at
    if session.last_heartbeat_at is None and session.agent_deadline is not None:
        return session.agent_deadline
    return told_deadline(session, policy)


def told_deadline(session: Session, policy: Policy) -> Instant:
    """What its agent is told, now or in the next answer to it.

    The end of a lease, where every renewal will be told too: not to a machine that never hears from us again, nor to
    one that shall live on while it is cut off from us. A renewal may reach us and not the machine, so that the lease
    ends it no sooner than being cut off does. Where it never hears from us, what it may be extended by later is granted
    at once.
    """
    room = hours(session.order.extendable_hours) if session.agent_mode is Mode.TIMER_ONLY else 0
    follows = session.agent_mode is Mode.FULL and session.order.on_disconnect is OnDisconnect.DESTROY
    end = session.expires_at + room
    if follows and session.lease_expires_at is not None:
        patience = max(0.0, policy.agent_silence_seconds - policy.agent_deadline_grace_seconds)
        end = min(end, session.lease_expires_at + seconds(patience))
    return deadline(end, session.hard_max_at, policy)


def idle_for(session: Session, policy: Policy, now: Instant) -> Millis:
    """How long it is known to have done nothing: up to the last heartbeat, 0 where nobody can know."""
    heard, active = session.last_heartbeat_at, session.active_at
    running = session.status is Status.RUNNING and session.agent_mode is Mode.FULL
    if not running or heard is None or active is None or is_silent(session, now, policy):
        return 0
    return max(0, heard - max(active, session.running_at or heard))
