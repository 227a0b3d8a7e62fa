"""Open a session: everything that can be refused is refused here, before any provider call."""

from collections.abc import Collection

from chalicelib.domain import churn, tag
from chalicelib.domain.access import Caller, Consumer
from chalicelib.domain.admission import ProviderState, cooling, creates_blocked
from chalicelib.domain.budget import worst_case
from chalicelib.domain.choosing import best
from chalicelib.domain.errors import Refusal
from chalicelib.domain.instant import hours as in_hours
from chalicelib.domain.instant import seconds
from chalicelib.domain.launch import ceiling
from chalicelib.domain.limit import leased
from chalicelib.domain.offer import Offer, disk_rented, price_per_hour
from chalicelib.domain.session import Event, Order, Session, Status
from chalicelib.ports import Admission, Ports
from chalicelib.usecases.browsing import find, offers
from chalicelib.usecases.budgeting import afford

_LEAST_TOLERANCE = 0.1
"""Of what is tolerated above the listed price: a market that rounds otherwise than its list does is no dearer one."""
_RECENT = 20  # sessions in which failed creates are looked for: with the usual quotas nobody opens more in the window


def rent(
    ports: Ports,
    *,
    caller: Caller,
    consumer: Consumer,
    order: Order,
    hours: float,
    idempotency_key: str | None,
    body_hash: str,
) -> Session:
    """The new session in `pending`, or the one that this very request opened before.

    Raises Refusal: 402 budget_exceeded, 404 offer_gone, 409 idempotency_conflict, 422 price_above_max,
    429 quota_exceeded or churn_guard, 503 creates_blocked.
    """
    now = ports.clock.now()
    if idempotency_key is not None:
        earlier = ports.sessions.replayed(consumer.id, idempotency_key, body_hash, now)
        if earlier is not None:
            return earlier
    _hold_back_churn(ports, caller, consumer)
    choice = _pick(ports, order, hours)
    session = _session(ports, consumer, order, hours, choice, now)
    if consumer.budget is not None:  # one that was set this very moment is for the transaction to find
        afford(ports, consumer.id, session.hold)
    event = Event(
        session_id=session.id, at=now, before=None, after=Status.PENDING, reason="requested", detail=choice[0].id,
        actor=caller.consumer.id,
    )  # fmt: skip
    admission = Admission(
        consumer=consumer,
        key_id=caller.key_id if caller.consumer.id == consumer.id else None,
        idempotency_key=idempotency_key,
        body_hash=body_hash,
        idempotency_expires_at=now + seconds(ports.settings.policy.idempotency_seconds),
    )
    opened = ports.sessions.open(session, event, admission)
    ports.wakeups.session(opened.id)
    return opened


def _pick(ports: Ports, order: Order, hours: float) -> list[Offer]:
    """The offers this session may try, the first one first; never empty."""
    if order.offer_id is not None:
        offer = find(ports, order.offer_id)
        if offer is None:
            raise Refusal(404, "offer_gone", f"offer_id: {order.offer_id} is not offered (any more)", field="offer_id")
        if offer.max_disk_gb is not None and disk_rented(offer, order.disk_gb) > offer.max_disk_gb:
            detail = f"disk_gb: this offer has at most {offer.max_disk_gb:g} GB"
            raise Refusal(422, "disk_too_large", detail, field="disk_gb")
        price = price_per_hour(offer, order.disk_gb)
        if order.max_price is not None and price > order.max_price:
            detail = f"max_price: the offer costs ${price / 1e6:.6g}/h all-in with {order.disk_gb} GB"
            raise Refusal(422, "price_above_max", detail, field="max_price")
        blocked = _blocked(ports, ports.health.provider(offer.provider))
        if blocked is not None:
            raise blocked
        return [offer]
    states = {name: ports.health.provider(name) for name in ports.providers}
    found = candidates(ports, order, hours, states=states.values())
    if not found:
        detail = "requirements: no offer on any configured market satisfies them now"
        unread = _unread(ports)
        if unread:
            detail += f"; {' and '.join(unread)} could not be read yet: ask again in a few seconds"
        raise Refusal(404, "offer_gone", detail, field="requirements")
    refusals = {name: _blocked(ports, states[name]) for name in {offer.provider for offer in found}}
    allowed = [offer for offer in found if refusals[offer.provider] is None]
    for refusal in refusals.values():
        if refusal is not None and not allowed:
            raise refusal
    return allowed[: order.max_attempts]


def _unread(ports: Ports) -> list[str]:
    """Markets whose offers nobody has seen so far."""
    heads = {name: ports.inventory.head(name) for name in sorted(ports.providers)}
    return [name for name, head in heads.items() if head is None or head.fetched_at is None]


def candidates(
    ports: Ports,
    order: Order,
    hours: float,
    tried: tuple[Offer, ...] = (),
    states: Collection[ProviderState] | None = None,
) -> list[Offer]:
    """Offers that satisfy the order's requirements, best first, none tried before and none of a tried machine, nor of
    one that failed anybody lately; and none that was taken since the inventory saw it.

    `states`: of all markets, if they were read just now."""
    if order.requirements is None:
        return []
    policy = ports.settings.policy
    now = ports.clock.now()
    states = states if states is not None else [ports.health.provider(name) for name in ports.providers]
    shunned = {(state.provider, machine_id) for state in states for machine_id in cooling(state, now)}
    taken = {offer_id: at for state in states for offer_id, at in state.taken}
    free = (offer for offer in offers(ports) if offer.fetched_at > taken.get(offer.id, -1))
    ranked = best(free, order.requirements, order.disk_gb, hours, policy, tried=tried, shunned=shunned)
    if order.max_price is None:
        return ranked
    return [offer for offer in ranked if price_per_hour(offer, order.disk_gb) <= order.max_price]


def _hold_back_churn(ports: Ports, caller: Caller, consumer: Consumer) -> None:
    """Raises Refusal 429 churn_guard. Operators judge for themselves."""
    if caller.is_operator:
        return
    page = ports.sessions.page(consumer=consumer.id, statuses=None, provider=None, limit=_RECENT, cursor=None)
    refusal = churn.refusal(page.items, ports.clock.now(), ports.settings.policy)
    if refusal is not None:
        raise refusal


def _blocked(ports: Ports, state: ProviderState) -> Refusal | None:
    reason = creates_blocked(state, ports.clock.now(), ports.settings.policy)
    if reason is None:
        return None
    return Refusal(503, "creates_blocked", f"{state.provider}: {reason}", provider=state.provider, reason=reason)


def _session(ports: Ports, consumer: Consumer, order: Order, hours: float, choice: list[Offer], now: int) -> Session:
    """It holds the dearest of its choice, so that a failover needs nobody's leave."""
    policy = ports.settings.policy
    signing_key = ports.secrets.signing_keys[0]
    prices = [price_per_hour(offer, order.disk_gb) for offer in choice]
    held = ceiling(max(prices), order.max_price, policy)
    room = consumer.max_price_per_hour - consumer.committed_per_hour
    needed = ceiling(prices[0], order.max_price, policy, share=_LEAST_TOLERANCE)
    if needed <= room < held:  # what is only tolerated, or only tried later, is no reason to refuse
        held = room
    opened = Session(
        id=tag.mint(ports.settings.deployment, now, ports.ids.entropy(10), signing_key),
        consumer=consumer.id,
        state_entered_at=now,
        created_at=now,
        hours=hours,
        expires_at=now + in_hours(hours),
        hard_max_at=now + seconds(policy.hard_max_seconds),
        order=order,
        wanted=choice[0],
        price_per_hour=prices[0],
        held_per_hour=held,
        hold=worst_case(held, in_hours(hours), seconds(policy.hold_margin_seconds)),
        next_attempt_at=now,
    )
    return leased(opened, now)
