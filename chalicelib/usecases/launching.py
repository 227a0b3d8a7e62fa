"""Launch: pick the offer, write the intent, have it created once, and look for what had no clear answer."""

import msgspec

from chalicelib.domain import session as rules
from chalicelib.domain.admission import creates_blocked
from chalicelib.domain.attempt import Attempt, Stage
from chalicelib.domain.destroy import late_arrival_possible
from chalicelib.domain.errors import (
    OfferGone,
    ProviderDown,
)
from chalicelib.domain.instant import seconds
from chalicelib.domain.launch import ceiling, end_reason, lost_create_pause, may_try_another
from chalicelib.domain.money import Micros, to_dollars
from chalicelib.domain.offer import Offer, price_per_hour
from chalicelib.domain.scaling import can_have, scaled, unscaled
from chalicelib.domain.session import EndReason, Session, Status
from chalicelib.ports import Ports, Provider
from chalicelib.usecases import lifecycle
from chalicelib.usecases.creating import create
from chalicelib.usecases.failing import fail, tell_closed, with_attempt
from chalicelib.usecases.keeping import keep, later
from chalicelib.usecases.leasing import grant
from chalicelib.usecases.observing import listing, offer_gone, probe, provider_named
from chalicelib.usecases.recovering import ready_to_create
from chalicelib.usecases.renting import candidates


def begin(ports: Ports, session: Session) -> None:
    """Start the next attempt, or end the session when none is left.

    1. An offer not tried yet.  2. May anything be created there?  3. The create slot.  4. The very offer,
    quoted afresh.  5. After a breaker: alone.  6. The intent, stored.  7. One create call.
    """
    policy = ports.settings.policy
    last = session.attempt
    since = session.state_entered_at if last is None or session.status is Status.PENDING else last.at
    if ports.clock.now() - since >= seconds(policy.provision_deadline_seconds):
        lifecycle.end(ports, session, EndReason.PROVISION_TIMEOUT, "service", "no create could be sent in time")
        return
    offer = _next_offer(ports, session)
    if offer is None:
        reason = end_reason(last.outcome) if last else EndReason.LAUNCH_REFUSED
        lifecycle.end(ports, session, reason, "service", _nothing_left(session))
        return
    provider = provider_named(ports, offer.provider)
    blocked = creates_blocked(ports.health.provider(offer.provider), ports.clock.now(), policy)
    if blocked is not None:
        raise ProviderDown(f"creates are held back: {blocked}", retry_after=10.0)
    ready_to_create(ports, offer.provider)
    ports.gate.pass_through(offer.provider, "create")
    disk_gb = session.order.disk_gb
    try:
        quote = _quote(provider, offer)
    except OfferGone as gone:
        offer_gone(ports, offer)
        _unsent(ports, session, offer, "offer_gone", str(gone))
        return
    price = price_per_hour(quote, disk_gb)
    agreed = min(ceiling(price_per_hour(offer, disk_gb), session.order.max_price, policy), session.held_per_hour)
    if price > agreed:
        detail = f"now ${to_dollars(price):.4f}/h, agreed was at most ${to_dollars(agreed):.4f}/h"
        _unsent(ports, session, quote, "requote_dearer", detail)
        return
    probing = probe(ports, offer.provider)
    now = ports.clock.now()
    intent = _attempt(ports, quote, disk_gb, Stage.CALLING, called_at=now, agreed=agreed)
    called, event = rules.start_attempt(session, intent, price, now)
    # Whoever finds this intent orphaned may not conclude anything before the call must have ended.
    called = msgspec.structs.replace(called, next_attempt_at=now + seconds(policy.create_in_flight_seconds))
    called, lease = grant(ports, called, now)
    called = keep(ports, session, called, event)
    create(ports, called, intent, lease, probing=probing)


def search(ports: Ports, session: Session, attempt: Attempt) -> None:
    """A create without a clear answer: look for its tag, adopt what is found, give up only by the rule."""
    now = ports.clock.now()
    tagged = listing(ports, attempt.offer.provider).tagged(session.tag)
    found = [machine for machine in tagged if machine.id not in session.earlier_ids]
    if found:
        adopted = attempt.knows(*(machine.id for machine in found))
        adopted = msgspec.structs.replace(
            adopted,
            stage=Stage.BOOTING,
            answered=True,
            appeared=True,
            outcome="adopted",
            at=now,
            detail="found by its tag",
        )
        keep(ports, session, later(ports, with_attempt(session, adopted), 0))
        return
    looked = msgspec.structs.replace(attempt, stage=Stage.UNCERTAIN, lists_without=attempt.lists_without + 1)
    if attempt.stage is Stage.CALLING:
        looked = looked.unclear(now)
    if late_arrival_possible(looked, now, ports.settings.policy):
        pause = lost_create_pause(attempt.called_at or attempt.at, now, ports.settings.policy)
        keep(ports, session, later(ports, with_attempt(session, looked), pause))
    else:
        fail(ports, session, looked.ended(now, "never_appeared"))
        tell_closed(ports, session, looked)


def _quote(provider: Provider, offer: Offer) -> Offer:
    """The very offer as it stands now; where the buyer chooses the GPU count the market knows the row alone."""
    row = provider.quote(unscaled(offer))
    if not can_have(row, offer.gpu_count):
        raise OfferGone(f"{offer.id}: {offer.gpu_count} GPUs cannot be had any more")
    return scaled(row, offer.gpu_count)


def _next_offer(ports: Ports, session: Session) -> Offer | None:
    if not may_try_another(session, ports.settings.policy):
        return None
    if not session.attempts and not _known_taken(ports, session):
        return session.wanted
    tried = tuple(attempt.offer for attempt in session.attempts)
    affordable = (
        offer
        for offer in candidates(ports, session.order, session.hours, tried)
        if price_per_hour(offer, session.order.disk_gb) <= session.held_per_hour
    )
    return next(affordable, None)


def _nothing_left(session: Session) -> str:
    """Why no further offer is tried."""
    last = session.attempt
    if last is not None and last.called_at is not None:
        return last.detail or last.outcome
    limit = f"no other offer that fits costs at most ${to_dollars(session.held_per_hour):.4f}/h, as was agreed"
    named = session.order.requirements is None
    return "; ".join(part for part in (last.detail if last else None, None if named else limit) if part)


def _known_taken(ports: Ports, session: Session) -> bool:
    """Was the offer taken since it was chosen, by us or anybody? Who named it hears so from the market itself."""
    if session.order.requirements is None:
        return False
    state = ports.health.provider(session.wanted.provider)
    wanted = unscaled(session.wanted)
    return any(offer_id == wanted.id and at >= wanted.fetched_at for offer_id, at in state.taken)


def _attempt(
    ports: Ports, offer: Offer, disk_gb: int, stage: Stage, called_at: int | None, agreed: Micros | None = None
) -> Attempt:
    now = ports.clock.now()
    deadline = now + seconds(ports.settings.policy.provision_deadline_seconds)
    billing = provider_named(ports, offer.provider).billing
    return Attempt(
        offer=offer,
        disk_gb=disk_gb,
        agreed_per_hour=agreed,
        billing=billing,
        stage=stage,
        called_at=called_at,
        at=now,
        deadline_at=deadline,
    )


def _unsent(ports: Ports, session: Session, offer: Offer, outcome: str, detail: str) -> None:
    """No create was sent for this offer: note it, and go on at once."""
    attempt = _attempt(ports, offer, session.order.disk_gb, Stage.CLOSED, called_at=None)
    attempt = msgspec.structs.replace(attempt, answered=True, outcome=outcome, detail=detail)
    after = msgspec.structs.replace(session, attempts=(*session.attempts, attempt))
    keep(ports, session, later(ports, after, 0))
