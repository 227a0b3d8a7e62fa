"""Let the ledger know what a complete list says of the machines that run, and the consumer where their ports are."""

import logging
from collections.abc import Iterable, Iterator

import msgspec

from chalicelib.domain.attempt import Attempt
from chalicelib.domain.errors import ShopperError
from chalicelib.domain.instance import Listing
from chalicelib.domain.launch import opened
from chalicelib.domain.metering import read
from chalicelib.domain.session import Session, Status
from chalicelib.ports import Ports

log = logging.getLogger(__name__)

_METERED = (Status.RUNNING, Status.TERMINATING)


def noted(ports: Ports, found: Listing, live: Iterable[Session]) -> Iterator[Session]:
    """The same sessions, and those that run or end are noted in passing: a machine that boots is watched by its own
    steps, and so is one that ends, but those wait for the proof. One that moves at this very moment is met again by
    the next pass."""
    for session in live:
        yield session
        attempt = session.attempt
        if session.status not in _METERED or attempt is None or attempt.offer.provider != found.provider:
            continue
        if attempt.look is not None:  # found gone: its bill has ended
            continue
        try:
            _note(ports, session, attempt, found)
        except ShopperError as error:
            log.info("session %s: reading not kept: %s", session.id, error, extra={"session": session.id})
        except Exception:  # one row must not keep the whole account from being looked at
            log.exception("session %s: reading not understood", session.id, extra={"session": session.id})


def _note(ports: Ports, session: Session, attempt: Attempt, found: Listing) -> None:
    after = read(attempt, found)
    machine = found.by_id.get(attempt.instance_id or "")
    ports_at = session.ports
    if machine is not None and session.status is Status.RUNNING:  # some are mapped only after SSH answers
        ports_at = opened(session, machine, session.ssh)
    if after is attempt and ports_at is session.ports:
        return
    price = machine.price_per_hour if machine is not None and after is not attempt else None
    changed = msgspec.structs.replace(
        session,
        attempts=(*session.attempts[:-1], after),
        price_per_hour=price or session.price_per_hour,
        ports=ports_at,
    )
    ports.sessions.save(session, changed)
