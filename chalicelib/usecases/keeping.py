"""Write a session down and make sure that somebody looks at it again."""

import logging

import msgspec

from chalicelib.domain.errors import ProviderAuth, ProviderBusy, ProviderDown, ProviderError
from chalicelib.domain.instant import SECOND, Millis, seconds
from chalicelib.domain.session import Event, Session, Status
from chalicelib.ports import Ports

log = logging.getLogger(__name__)


def keep(ports: Ports, before: Session, after: Session, event: Event | None = None) -> Session:
    """Save on condition of `before.version`, then send the wake-up for its next step. Raises Stale."""
    saved = ports.sessions.save(before, after, event)
    if event is not None:
        log.info(
            "session %s: %s -> %s (%s)", saved.id, event.before, event.after, event.reason,
            extra={"session": saved.id, "detail": event.detail, "actor": event.actor},
        )  # fmt: skip
    if not saved.final and saved.status is not Status.RUNNING:
        wake(ports, saved)
    return saved


def wake(ports: Ports, session: Session) -> None:
    """Ask for the next step when it is due."""
    delay = max(0, session.next_attempt_at - ports.clock.now()) / SECOND
    ports.wakeups.session(session.id, delay)


def later(ports: Ports, session: Session, pause: Millis) -> Session:
    """The same session, due again after `pause`, its row of failures over."""
    return msgspec.structs.replace(session, next_attempt_at=ports.clock.now() + pause, step_failures=0)


def postpone(ports: Ports, session: Session, error: Exception) -> Session:
    """A step that could not be done comes back later: when the provider says, else at growing distance."""
    policy = ports.settings.policy
    failures = session.step_failures + 1
    pause = min(policy.step_retry_seconds * 2 ** min(failures - 1, 10), 60.0)
    if isinstance(error, ProviderBusy):
        # However long it asks for: what must be ended is asked for again no later than any destroy.
        most = max(policy.destroy_backoff_max_seconds, policy.step_retry_seconds)
        failures, pause = session.step_failures, min(error.retry_after, most)
    elif isinstance(error, ProviderAuth):
        pause = 60.0
    elif isinstance(error, ProviderDown):
        pause = max(pause, min(error.retry_after, 60.0))
    if not isinstance(error, ProviderError):
        log.error("session %s: step failed", session.id, exc_info=error, extra={"session": session.id})
    else:
        log.warning("session %s: %s: %s", session.id, type(error).__name__, error, extra={"session": session.id})
    told = str(error) if isinstance(error, ProviderError) else None
    after = msgspec.structs.replace(
        session,
        next_attempt_at=ports.clock.now() + seconds(max(pause, 0.1)),
        step_failures=failures,
        status_reason=told or session.status_reason,
    )
    return keep(ports, session, after)
