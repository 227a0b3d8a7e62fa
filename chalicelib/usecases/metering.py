"""Let the ledger know what a complete list says of the machines that run."""

import logging

import msgspec

from chalicelib.domain.errors import ShopperError
from chalicelib.domain.instance import Listing
from chalicelib.domain.metering import read
from chalicelib.domain.session import Session, Status
from chalicelib.ports import Ports

log = logging.getLogger(__name__)


def note(ports: Ports, found: Listing, live: list[Session]) -> None:
    """Only of sessions that run: a machine that boots or ends is watched by its own steps. One that moves at this
    very moment is met again by the next pass."""
    machines = {machine.id: machine for machine in found.instances}
    for session in live:
        attempt = session.attempt
        if session.status is not Status.RUNNING or attempt is None or attempt.offer.provider != found.provider:
            continue
        after = read(attempt, found)
        if after is attempt:
            continue
        machine = machines.get(attempt.instance_id or "")
        price = machine.price_per_hour if machine is not None else None
        changed = msgspec.structs.replace(
            session, attempts=(*session.attempts[:-1], after), price_per_hour=price or session.price_per_hour
        )
        try:
            ports.sessions.save(session, changed)
        except ShopperError as error:
            log.info("session %s: reading not kept: %s", session.id, error, extra={"session": session.id})
