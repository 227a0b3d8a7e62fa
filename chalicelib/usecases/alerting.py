"""Put an alert into the outbox; the alert sweep sends it, however long the topic is down."""

import logging
from collections.abc import Callable, Sequence

from chalicelib.domain.alert import Alert, Kind
from chalicelib.domain.errors import ShopperError
from chalicelib.domain.session import Session
from chalicelib.ports import Ports

log = logging.getLogger(__name__)

_MOST_FAILURES = 3  # of one pass: an alert that cannot be sent must not keep back those behind it


def tell(ports: Ports, alert: Alert) -> bool:
    """Once per `dedupe_id`; says whether it was new.

    Telling must never stop the work it tells of: trouble with the outbox is logged.
    """
    try:
        new = ports.alerts.add(alert)
    except ShopperError as error:
        log.error("alert not kept (%s): %s: %s", error, alert.kind, alert.detail)
        return False
    if new:
        log.warning("alert %s: %s", alert.kind, alert.detail, extra={"session": alert.session, "kind": alert.kind})
    return new


def tell_again(ports: Ports, alerts: Sequence[Alert], still: Callable[[], bool]) -> None:
    """`tell` each of what holds for as long as it does: what was told before costs one read together, and no write.

    `still` is asked before anything new is told: does it hold at this very moment?
    """
    try:
        known = ports.alerts.known([alert.dedupe_id for alert in alerts]) if alerts else set()
    except ShopperError as error:
        log.error("what was told before cannot be read (%s): %d alerts wait", error, len(alerts))
        return
    news = [alert for alert in alerts if alert.dedupe_id not in known]
    if news and still():
        for alert in news:
            tell(ports, alert)


def tell_of(ports: Ports, session: Session, kind: Kind, dedupe_id: str, detail: str) -> bool:
    """`tell` about one session, to its consumer."""
    alert = Alert(
        dedupe_id=dedupe_id,
        kind=kind,
        at=ports.clock.now(),
        detail=detail,
        consumer=session.consumer,
        session=session.id,
        provider=session.provider,
    )
    return tell(ports, alert)


def send_pending(ports: Ports, limit: int = 100) -> int:
    """Publish what waits, oldest first; one that does not go out waits, and after a few the topic itself is down.

    Returns how many went. An alert is marked after its publish: a crash in between sends it twice under one dedupe
    id, never not at all.
    """
    sent = failed = 0
    for alert in ports.alerts.pending(limit):
        try:
            ports.notifier.publish(alert)
        except Exception as error:  # whatever an answer of the topic may be: the others have waited as well
            log.error("alert %s waits: %s", alert.dedupe_id, error, exc_info=not isinstance(error, ShopperError))
            failed += 1
            if failed >= _MOST_FAILURES:
                break
            continue
        ports.alerts.mark_sent(alert.dedupe_id, ports.clock.now())
        sent += 1
    return sent
