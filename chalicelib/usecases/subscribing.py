"""Subscriptions to alerts: a row of ours says whose they are, the topic does the telling."""

from contextlib import suppress

import msgspec

from chalicelib.domain import endpoint as endpoints
from chalicelib.domain.access import Caller
from chalicelib.domain.errors import Refusal, ShopperError, Stale
from chalicelib.domain.instant import seconds
from chalicelib.domain.subscription import Protocol, Subscription, identity
from chalicelib.ports import Page, Ports
from chalicelib.usecases.authenticating import acting_for


def subscribe(ports: Ports, caller: Caller, protocol: Protocol, endpoint: str, consumer: str | None) -> Subscription:
    """Repeating it makes no second one; the topic is told again, since it forgets what nobody confirmed in time, and
    who unsubscribed by a link in a mail. An operator who names nobody hears everything.

    Raises Refusal 400, 403, 409 `subscription_exists` when the endpoint hears somebody else's alerts already, or 429
    `quota_exceeded`.
    """
    checked = endpoints.check(protocol, endpoint)
    whose = consumer if caller.is_operator and consumer is None else acting_for(ports, caller, consumer).id
    name = identity(protocol, checked)
    if not caller.is_operator:
        _has_room(ports, caller.consumer.id, name)
    now = ports.clock.now()
    known = ports.subscriptions.get(name)
    if known is not None and known.ended_at is not None and known.consumer != whose:
        _end(ports, known)
    wanted = Subscription(id=name, protocol=protocol, endpoint=checked, consumer=whose, created_at=now)
    try:
        ports.subscriptions.add(wanted)
    except Stale:
        known = ports.subscriptions.get(name)
        if known is None or known.consumer != whose:
            raise Refusal(409, "subscription_exists", "endpoint: it is subscribed already", field="endpoint") from None
        wanted = msgspec.structs.replace(known, ended_at=None)
        if _asked_lately(ports, known):
            if wanted != known:
                ports.subscriptions.save(wanted)
            return wanted
    return _asked(ports, wanted)


def _asked(ports: Ports, wanted: Subscription) -> Subscription:
    """The topic, and by it the endpoint."""
    try:
        arn = ports.notifier.subscribe(wanted.protocol, wanted.endpoint, wanted.consumer)
    except Refusal:
        ports.subscriptions.remove(wanted.id)  # there is nothing behind it
        raise
    subscribed = msgspec.structs.replace(wanted, arn=arn, asked_at=ports.clock.now())
    ports.subscriptions.save(subscribed)
    return subscribed


def _asked_lately(ports: Ports, known: Subscription) -> bool:
    """Each time may be a mail to somebody who does not want it."""
    if known.arn is None or known.asked_at is None:
        return False
    return ports.clock.now() - known.asked_at < seconds(ports.settings.policy.subscription_again_seconds)


def _has_room(ports: Ports, consumer_id: str, wanted: str) -> None:
    """A bound against flooding, not an exact count: requests at the same moment may pass it by as many as they are.
    What was ended and may still be confirmed counts: its mail is out, and its place at the topic is taken."""
    most = ports.settings.policy.consumer_max_subscriptions
    known = ports.subscriptions.page(consumer=consumer_id, limit=most, cursor=None).items if most else []
    held = [one.id for one in known if not _forgotten(ports, one)]
    if len(held) >= most and wanted not in held:
        raise Refusal(429, "quota_exceeded", f"at most {most} subscriptions; end one first", limit="max_subscriptions")


def unsubscribe(ports: Ports, caller: Caller, subscription_id: str) -> Subscription:
    """The topic first: whoever is still listed can be unsubscribed again. Raises Refusal 404."""
    known = ports.subscriptions.get(subscription_id)
    if known is None or not (caller.is_operator or known.consumer == caller.consumer.id):
        raise Refusal(404, "not_found", "no such subscription")
    _end(ports, known)
    return known


def _end(ports: Ports, known: Subscription) -> None:
    """Where the topic keeps one that nobody has confirmed the row stays too, out of sight, until that has passed: who
    confirms it meanwhile is unsubscribed at the next occasion."""
    let_go = known.arn is None or ports.notifier.unsubscribe(known.arn)
    if let_go or _lapsed(ports, known):
        ports.subscriptions.remove(known.id)
    elif known.ended_at is None:
        ports.subscriptions.save(msgspec.structs.replace(known, ended_at=ports.clock.now()))


def _lapsed(ports: Ports, known: Subscription) -> bool:
    """Has the topic forgotten it, if nobody has confirmed it?"""
    asked_at = known.created_at if known.asked_at is None else known.asked_at
    return ports.clock.now() - asked_at >= seconds(ports.settings.policy.subscription_pending_seconds)


def _forgotten(ports: Ports, known: Subscription) -> bool:
    """Ended, and out of the topic's mind: then its row goes."""
    if known.ended_at is None or not _lapsed(ports, known):
        return False
    with suppress(ShopperError):  # it has time until somebody lists again
        _end(ports, known)
    return True


def page(ports: Ports, consumer: str | None, limit: int, cursor: str | None) -> Page[Subscription]:
    """Those that were ended are not shown; the page may be shorter for it."""
    found = ports.subscriptions.page(consumer=consumer, limit=limit, cursor=cursor)
    shown = [one for one in found.items if not _forgotten(ports, one) and one.ended_at is None]
    return Page(items=shown, next_cursor=found.next_cursor)
