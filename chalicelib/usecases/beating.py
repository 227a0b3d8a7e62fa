"""A heartbeat from a rented machine: believed as far as its token reaches, which is its own session's pulse."""

import hmac

from chalicelib.domain import lease as leases
from chalicelib.domain.alert import Kind
from chalicelib.domain.errors import Refusal
from chalicelib.domain.heartbeat import is_active, is_silent
from chalicelib.domain.pulse import Pulse
from chalicelib.domain.session import Session
from chalicelib.ports import Ports
from chalicelib.usecases.alerting import tell_of
from chalicelib.usecases.authenticating import bearer
from chalicelib.usecases.leasing import Told, tell


def authenticate(ports: Ports, authorization: str | None) -> Session:
    """The session whose agent is asking. Raises Refusal 401, the same for a token that is missing, malformed,
    unknown, of an earlier machine of the session, or of a session that is over."""
    parts = leases.parse(bearer(authorization))
    session = ports.sessions.get(parts[0]) if parts is not None else None
    known = leases.known_token(session.agent_mark) if session is not None else None
    if parts is None or session is None or session.final or known is None:
        raise _stranger()
    if not hmac.compare_digest(known, leases.digest(session.id, parts[1], ports.secrets.pepper)):
        raise _stranger()
    return session


def beat(ports: Ports, session: Session, number: int | None, pulse: Pulse) -> Told:
    """Note it, unless a later one was noted before; answer with the deadline as the row has it. One without a number is
    the next after the last.

    No deadline of ours ever depends on what a heartbeat says. One that says goodbye makes the next step of the
    session come at once, and tells people: it ends nothing by itself.
    """
    now = ports.clock.now()
    policy = ports.settings.policy
    offer = session.attempt.offer if session.attempt else session.wanted
    unknown = session.last_heartbeat_at is None or is_silent(session, now, policy)  # nobody knows what was meanwhile
    active = unknown or is_active(pulse, offer.gpu_count, policy)
    if number is None:
        number = leases.known_number(session.agent_mark) + 1
    mark = leases.mark(leases.known_token(session.agent_mark) or "", number)
    news = ports.sessions.beat(session.id, mark, pulse, now, active)
    if news and pulse.dying:
        _goodbye(ports, session, pulse.dying)
    return tell(ports, session, number, now)


def _goodbye(ports: Ports, session: Session, why: str) -> None:
    ports.wakeups.session(session.id)
    detail = f"the machine of {session.id} ends itself: {why}"
    tell_of(ports, session, Kind.NODE_ENDS_ITSELF, f"node:{session.id}:{len(session.attempts)}", detail)


def _stranger() -> Refusal:
    return Refusal(401, "unauthorized", "send the token of a live session's agent as `Authorization: Bearer ga_…`")
