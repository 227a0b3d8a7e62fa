"""The one create call of an attempt, and the sense that is made of whatever comes back."""

import logging

import msgspec

from chalicelib.domain.attempt import Attempt, Stage
from chalicelib.domain.errors import (
    LaunchRefused,
    LaunchUncertain,
    OfferGone,
    ProviderAuth,
    ProviderBusy,
    ProviderDown,
    ProviderError,
    Stale,
    StoreDown,
)
from chalicelib.domain.instant import seconds
from chalicelib.domain.launch import lost_create_pause
from chalicelib.domain.lease import Lease
from chalicelib.domain.session import Session
from chalicelib.ports import LaunchOrder, Ports
from chalicelib.usecases.failing import fail, with_attempt
from chalicelib.usecases.keeping import keep, later
from chalicelib.usecases.observing import create_ended, offer_gone, probe_undecided, provider_named

log = logging.getLogger(__name__)

_RECORD_TRIES = 10  # about twenty seconds of a table that does not answer


def create(ports: Ports, session: Session, intent: Attempt, lease: Lease, *, probing: bool) -> None:
    """Send the one create call of this stored intent, and store its answer.

    `probing`: it is the one that tries a market after its breaker.
    """
    order = session.order
    offer = intent.offer
    launch = LaunchOrder(
        tag=session.tag,
        offer=offer,
        disk_gb=order.disk_gb,
        ssh_public_key=order.ssh_public_key,
        image=order.image,
        env=order.env,
        onstart=order.onstart,
        ports=order.ports,
        bid_per_hour=offer.gpu_per_hour if offer.spot else None,
        agent=lease,
    )
    error: ProviderError | None = None
    try:
        receipt = provider_named(ports, offer.provider).create(launch)
    except LaunchUncertain as doubt:
        error = doubt
        ids = (doubt.instance_id,) if doubt.instance_id else ()
        answered = bool(ids)
        outcome, stage = ("refused_with_machine", Stage.ENDING) if ids else ("uncertain", Stage.UNCERTAIN)
    except (OfferGone, LaunchRefused, ProviderAuth, ProviderBusy, ProviderDown) as refusal:
        error, ids, answered, stage = refusal, (), True, Stage.ENDING
        outcome = "offer_gone" if isinstance(refusal, OfferGone) else "refused"
    except Exception as surprise:  # its words are not ours to repeat: they may hold anything of the order
        log.exception("session %s: the create ended in a way nobody foresaw", session.id)
        error, ids, answered, stage = ProviderDown(type(surprise).__name__), (), False, Stage.UNCERTAIN
        outcome = "uncertain"
    else:
        ids, answered, outcome, stage = (receipt.instance_id,), True, "created", Stage.BOOTING
    _record(ports, session.id, len(session.attempts) - 1, ids, answered, outcome, stage, error)
    if isinstance(error, OfferGone):
        offer_gone(ports, offer)
    if error is None or _tells_of_the_market(error):
        create_ended(ports, offer, error)
    elif probing:
        probe_undecided(ports, offer.provider)


def _tells_of_the_market(error: ProviderError) -> bool:
    """A wrong order or an offer somebody else took says nothing about the market's health."""
    if isinstance(error, LaunchRefused):
        return error.kind == "no_funds"
    return not isinstance(error, (OfferGone, ProviderBusy))


def _record(
    ports: Ports,
    session_id: str,
    number: int,
    ids: tuple[str, ...],
    answered: bool,
    outcome: str,
    stage: Stage,
    error: ProviderError | None,
) -> None:
    """Store the create's answer, whatever happened to the session meanwhile: an id must never be lost.

    A table that does not answer is asked again for a while: where the market put another label on the machine, this
    id is all there is to find it by.
    """
    tries = 0
    while True:
        tries += 1
        try:
            session = ports.sessions.get(session_id)
            if session is None or session.final or number != len(session.attempts) - 1:
                return  # only after the window for late arrivals, and then the machine is an orphan by its tag
            attempt = session.attempts[number].knows(*ids)
            now = ports.clock.now()
            detail = str(error) if error else None
            if attempt.stage not in (Stage.BOOTING, Stage.CLOSED):  # else it was found by its tag in the meantime
                attempt = msgspec.structs.replace(attempt, answered=answered, outcome=outcome, detail=detail, at=now)
            if attempt.stage in (Stage.BOOTING, Stage.ENDING, Stage.CLOSED):
                keep(ports, session, later(ports, with_attempt(session, attempt), 0))
            elif stage is Stage.ENDING:
                fail(ports, session, attempt.ended(now))
            else:
                attempt = msgspec.structs.replace(attempt, stage=stage)
                policy = ports.settings.policy
                pause = seconds(policy.boot_poll_seconds) if ids else lost_create_pause(now, now, policy)
                keep(ports, session, later(ports, with_attempt(session, attempt), pause))
        except Stale:
            continue
        except StoreDown as down:
            if tries >= _RECORD_TRIES:
                log.error("session %s: create %s, machine %s, not recorded", session_id, outcome, ", ".join(ids) or "-")
                raise
            ports.clock.sleep(down.retry_after)
            continue
        return
