"""An attempt is over: what that means for its session."""

import msgspec

from chalicelib.domain import session as rules
from chalicelib.domain.attempt import Attempt
from chalicelib.domain.churn import HOSTS_FAULT
from chalicelib.domain.launch import end_reason, may_try_another
from chalicelib.domain.session import Session
from chalicelib.ports import Ports
from chalicelib.usecases.keeping import keep, later
from chalicelib.usecases.observing import machine_failed


def fail(ports: Ports, session: Session, attempt: Attempt) -> None:
    """This attempt is over: prove it gone, then try the next offer, or end the session if none may be tried."""
    now = ports.clock.now()
    after = with_attempt(session, attempt)
    if attempt.outcome in HOSTS_FAULT and attempt.offer.machine_id is not None:
        machine_failed(ports, attempt.offer.provider, attempt.offer.machine_id)
    if may_try_another(session, ports.settings.policy):
        keep(ports, session, later(ports, after, 0))
        return
    ended, event = rules.end(after, end_reason(attempt.outcome), now, "service", attempt.detail)
    keep(ports, session, ended, event)


def with_attempt(session: Session, attempt: Attempt) -> Session:
    return msgspec.structs.replace(session, attempts=(*session.attempts[:-1], attempt))
