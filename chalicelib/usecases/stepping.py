"""One step of work for one session: whoever wakes us, the row says what comes next."""

import logging
from contextlib import suppress

import msgspec

from chalicelib.domain.attempt import Stage
from chalicelib.domain.errors import ProviderError, Stale
from chalicelib.domain.instant import SECOND, seconds
from chalicelib.domain.session import Session, Status
from chalicelib.ports import Ports
from chalicelib.usecases import booting, ending, launching, lifecycle
from chalicelib.usecases.keeping import keep, postpone, wake

log = logging.getLogger(__name__)

# So much too early, by another clock, is sent round once more. Less than any poll's pause: else every further message
# that came by while somebody looks would go round with it for as long as the looking lasts.
_EARLY = 1 * SECOND


def step(ports: Ports, session_id: str) -> None:
    """Do what is due, at most one provider errand of it. Safe when called twice, late, early or for nothing.

    1. Past its end it begins to end.  2. The claim is a conditional write: a loser walks away.
    3. A provider that fails or asks for patience postpones the step; nothing is decided on it.
    """
    session = ports.sessions.get(session_id)
    if session is None or session.final:
        return
    session = lifecycle.end_overdue(ports, session)
    if session.final or session.status is Status.RUNNING:
        return
    early = session.next_attempt_at - ports.clock.now()
    if early > 0:
        if early <= _EARLY:
            wake(ports, session)
        return
    lease = ports.clock.now() + seconds(ports.settings.policy.step_lease_seconds)
    try:
        claimed = ports.sessions.save(session, msgspec.structs.replace(session, next_attempt_at=lease))
    except Stale:
        return
    try:
        _advance(ports, claimed)
    except Stale:
        log.debug("session %s: somebody else moved it", session_id)
        _hand_back(ports, claimed)
    except Exception as error:
        _come_back(ports, claimed, error)
        if not isinstance(error, ProviderError):
            raise


def _advance(ports: Ports, session: Session) -> None:
    attempt = session.attempt
    if session.status is Status.TERMINATING or (attempt is not None and attempt.stage is Stage.ENDING):
        ending.advance(ports, session)
    elif attempt is None or attempt.stage is Stage.CLOSED:
        launching.begin(ports, session)
    elif attempt.stage is Stage.BOOTING:
        booting.advance(ports, session, attempt)
    else:
        launching.search(ports, session, attempt)


def _hand_back(ports: Ports, claimed: Session) -> None:
    """A write that is no step (an extension, the meter) leaves our claim standing, which nobody works under now."""
    row = ports.sessions.get(claimed.id)
    if row is None or row.final or row.status is Status.RUNNING or row.next_attempt_at != claimed.next_attempt_at:
        return
    with suppress(Stale):
        keep(ports, row, msgspec.structs.replace(row, next_attempt_at=ports.clock.now()))


def _come_back(ports: Ports, session: Session, error: Exception) -> None:
    try:
        postpone(ports, session, error)
    except Stale:
        log.debug("session %s: somebody else moved it", session.id)
