"""An attempt is over: what that means for its session."""

import msgspec

from chalicelib.domain import session as rules
from chalicelib.domain.alert import Kind
from chalicelib.domain.attempt import Attempt
from chalicelib.domain.churn import HOSTS_FAULT
from chalicelib.domain.launch import end_reason, may_try_another
from chalicelib.domain.session import Session
from chalicelib.ports import Ports
from chalicelib.usecases.alerting import tell_of
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


def tell_closed(ports: Ports, session: Session, attempt: Attempt) -> None:
    """Of a create without a clear answer, once nothing can turn up any more; the attempt is the session's last."""
    detail = f"the create of {attempt.offer.id} had no clear answer, and no machine turned up: closed by the rule"
    number = len(session.attempts)
    tell_of(ports, session, Kind.LAUNCH_UNCERTAIN_CLOSED, f"uncertain:{session.id}:{number}", detail)


def with_attempt(session: Session, attempt: Attempt) -> Session:
    return msgspec.structs.replace(session, attempts=(*session.attempts[:-1], attempt))
