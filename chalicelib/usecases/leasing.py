"""The agent's lease: made for a create call, and told again in every answer to a heartbeat."""

import msgspec

from chalicelib.domain import lease as leases
from chalicelib.domain.heartbeat import told_deadline
from chalicelib.domain.instant import Instant
from chalicelib.domain.lease import Lease, Mode, OnDisconnect
from chalicelib.domain.policy import Policy
from chalicelib.domain.session import Session, Status
from chalicelib.ports import Ports


def grant(ports: Ports, session: Session, now: Instant) -> tuple[Session, Lease]:
    """What the next create call tells its agent, and the session that will listen to this agent alone."""
    settings = ports.settings
    token, half = leases.token(session.id, ports.ids.entropy(32))
    digest = leases.digest(session.id, half, ports.secrets.pepper)
    mode = Mode.FULL if leases.reachable(settings.public_url) else Mode.TIMER_ONLY
    keeps = session.order.on_disconnect is OnDisconnect.KEEP
    session = msgspec.structs.replace(session, agent_mode=mode)
    lease = Lease(
        session=session.id,
        granted_at=now,
        deadline=told_deadline(session, settings.policy),
        limit=_limit(session, settings.policy),
        token=token,
        secret=leases.secret(session.id, digest, ports.secrets.pepper),
        url=settings.public_url if mode is Mode.FULL else None,
        beat_seconds=settings.policy.heartbeat_seconds,
        silence_seconds=0.0 if keeps else settings.policy.agent_silence_seconds,
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


def _limit(session: Session, policy: Policy) -> Instant:
    return leases.deadline(session.hard_max_at, session.hard_max_at, policy)
