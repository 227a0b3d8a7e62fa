"""Each night: what the markets billed against what we wrote down; the bill wins, and people hear of a difference."""

import logging

import msgspec

from chalicelib.domain import period
from chalicelib.domain.alert import Alert, Kind
from chalicelib.domain.billing import Correction
from chalicelib.domain.errors import ProviderError, Stale
from chalicelib.domain.instant import Instant, rfc3339, seconds
from chalicelib.domain.invoice import Comparison, Drift, compare
from chalicelib.domain.money import to_dollars
from chalicelib.domain.session import Session
from chalicelib.ports import Ports
from chalicelib.usecases.accruing import rewrite
from chalicelib.usecases.alerting import tell

log = logging.getLogger(__name__)


def reconcile_invoice(ports: Ports, name: str) -> Comparison | None:
    """The sessions of this market that ended in the days looked back at; None where the market has no invoice.

    Asked from well before the first of them began, so that no bill is cut.
    """
    policy = ports.settings.policy
    now = ports.clock.now()
    since = now - seconds(policy.invoice_days * 86_400)
    began = since - seconds(policy.invoice_days * 86_400)
    try:
        charges = ports.providers[name].charges(began, now)
    except ProviderError as error:
        log.error("invoice of %s: not read: %s", name, error, extra={"provider": name})
        return None
    if charges is None:
        return None
    found = compare(_ended(ports, name, began, since), charges, now, name)
    for drift in found.drifts:
        _correct(ports, drift, now, name)
    log.info(
        "invoice of %s: billed $%.4f, written down $%.4f, %d sessions differ", name, to_dollars(found.billed),
        to_dollars(found.ours), len(found.drifts), extra={"provider": name},
    )  # fmt: skip
    if found.drifted(policy.invoice_drift):
        _tell(ports, name, found, now)
    return found


def _ended(ports: Ports, name: str, began: Instant, since: Instant) -> list[Session]:
    """Sessions with a machine at this market that began after the one moment and ended after the other."""
    found: list[Session] = []
    cursor: str | None = None
    while True:
        page = ports.sessions.page(consumer=None, statuses=None, provider=None, limit=100, cursor=cursor)
        for session in page.items:
            if session.created_at < began:
                return found
            markets = {attempt.offer.provider for attempt in session.attempts if attempt.instance_ids}
            if name in markets and session.ended_at is not None and session.ended_at >= since:
                found.append(session)
        cursor = page.next_cursor
        if cursor is None:
            return found


def _correct(ports: Ports, drift: Drift, now: Instant, name: str) -> None:
    """An entry of its own kind, on the day on which the session ended. Somebody faster has made it already."""
    session = drift.session
    at = session.absence_proof.looks[0].at if session.absence_proof is not None else session.ended_at or now
    entry = Correction(at=at, amount=drift.amount, reason=f"invoice read at {rfc3339(now)}", provider=name)
    corrected = msgspec.structs.replace(session, corrections=(*session.corrections, entry))
    try:
        rewrite(ports, session, corrected)
    except Stale:
        log.info("session %s: corrected by somebody else", session.id, extra={"session": session.id})


def _tell(ports: Ports, name: str, found: Comparison, now: Instant) -> None:
    day = period.day(now)
    detail = (
        f"{name} billed ${to_dollars(found.billed):.4f} for sessions that we had at ${to_dollars(found.ours):.4f}; "
        f"{len(found.drifts)} of them differ, and were corrected"
    )
    tell(
        ports,
        Alert(
            dedupe_id=f"invoice:{name}:{day}",
            kind=Kind.INVOICE_DRIFT,
            at=now,
            detail=detail,
            provider=name,
            period=day,
        ),
    )
