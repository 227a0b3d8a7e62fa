"""The agent's lease: made for a create call, and told again in every answer to a heartbeat."""

import msgspec

from chalicelib.domain import lease as leases
from chalicelib.domain.attempt import Stage
from chalicelib.domain.errors import Refusal
from chalicelib.domain.heartbeat import told_deadline
from chalicelib.domain.instant import Instant, rfc3339, seconds
from chalicelib.domain.lease import Lease, Mode, OnDisconnect
from chalicelib.domain.policy import Policy
from chalicelib.domain.session import Session, Status
from chalicelib.ports import Ports


def grant(ports: Ports, session: Session, now: Instant) -> tuple[Session, Lease]:
    """What the next create call tells its agent, and the session that will listen to this agent alone."""
    settings = ports.settings
    token, half = leases.token(session.id, ports.ids.entropy(32))
    digest = leases.digest(session.id, half, ports.secrets.pepper)
    policy = settings.policy
    hears = leases.reachable(settings.public_url)
    near = session.attempt is not None and settings.near(session.attempt.offer.provider)
    mode = Mode.FULL if hears or near else Mode.TIMER_ONLY
    keeps = session.order.on_disconnect is OnDisconnect.KEEP or not hears
    session = msgspec.structs.replace(session, agent_mode=mode)
    lease = Lease(
        session=session.id,
        granted_at=now,
        deadline=told_deadline(session, policy),
        limit=_limit(session, policy),
        token=token,
        secret=leases.secret(session.id, digest, ports.secrets.pepper),
        url=settings.public_url if mode is Mode.FULL else None,
        beat_seconds=policy.heartbeat_seconds,
        silence_seconds=0.0 if keeps else policy.agent_silence_seconds,
    )
    after = msgspec.structs.replace(
        session,
        agent_deadline=lease.deadline,
        agent_mark=leases.mark(digest, 0),
        last_heartbeat_at=None,
        gpu_util=None,
        pulse=None,
        active_at=None,
    )
    return after, lease


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one heartbeat."""

    deadline: Instant
    destroy: bool
    words: str
    proof: str
    """Of `words`, for the agent that holds the session's secret."""


def tell(ports: Ports, session: Session, number: int, now: Instant) -> Told:
    """Until when the machine may live, as the row says; a session that is ending takes its machine along."""
    policy = ports.settings.policy
    destroy = session.final or session.status is Status.TERMINATING
    deadline = told_deadline(session, policy)
    words = leases.words(number, deadline, _limit(session, policy), now, destroy)
    digest = leases.known_token(session.agent_mark) or ""
    secret = leases.secret(session.id, digest, ports.secrets.pepper)
    return Told(deadline=deadline, destroy=destroy, words=words, proof=leases.proof(secret, session.id, words))


def check_reach(session: Session, expires_at: Instant, policy: Policy) -> None:
    """Raises Refusal 409 where the machine would end itself before that end, and nobody can tell it otherwise."""
    attempt = session.attempt
    over = attempt is None or attempt.stage in (Stage.ENDING, Stage.CLOSED)  # the next machine is told when it is made
    timer = session.agent_deadline
    if session.agent_mode is not Mode.TIMER_ONLY or timer is None or over:
        return
    if leases.deadline(expires_at, expires_at, policy) > timer:
        latest = rfc3339(timer - seconds(policy.agent_deadline_grace_seconds))
        detail = (
            f"hours: the machine's own timer ends it soon after {latest}, and it cannot reach this service to be told "
            "of a later end; give the next one room with extendable_hours, or make the service reachable"
        )
        raise Refusal(409, "past_agent_deadline", detail, field="hours", agent_deadline=rfc3339(timer))


def _limit(session: Session, policy: Policy) -> Instant:
    return leases.deadline(session.hard_max_at, session.hard_max_at, policy)
