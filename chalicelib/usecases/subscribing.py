"""Subscriptions to alerts: a row of ours says whose they are, the topic does the telling."""

import msgspec

from chalicelib.domain import endpoint as endpoints
from chalicelib.domain.access import Caller
from chalicelib.domain.errors import Refusal, Stale
from chalicelib.domain.subscription import Protocol, Subscription, identity
from chalicelib.ports import Page, Ports
from chalicelib.usecases.authenticating import acting_for


def subscribe(ports: Ports, caller: Caller, protocol: Protocol, endpoint: str, consumer: str | None) -> Subscription:
    """Repeating it changes nothing. An operator who names nobody hears everything.

    Raises Refusal 400, 403, 409 `subscription_exists` when the endpoint hears somebody else's alerts already, or 429
    `quota_exceeded`.
    """
    checked = endpoints.check(protocol, endpoint)
    whose = consumer if caller.is_operator and consumer is None else acting_for(ports, caller, consumer).id
    if not caller.is_operator:
        _has_room(ports, caller.consumer.id, identity(protocol, checked))
    wanted = Subscription(
        id=identity(protocol, checked),
        protocol=protocol,
        endpoint=checked,
        consumer=whose,
        created_at=ports.clock.now(),
    )
    try:
        ports.subscriptions.add(wanted)
    except Stale:
        known = ports.subscriptions.get(wanted.id)
        if known is None or known.consumer != whose:
            raise Refusal(409, "subscription_exists", "endpoint: it is subscribed already", field="endpoint") from None
        if known.arn is not None:
            return known
        wanted = known
    subscribed = msgspec.structs.replace(wanted, arn=ports.notifier.subscribe(protocol, checked, whose))
    ports.subscriptions.save(subscribed)
    return subscribed


def _has_room(ports: Ports, consumer_id: str, wanted: str) -> None:
    """A bound against flooding, not an exact count: requests at the same moment may pass it by as many as they are."""
    most = ports.settings.policy.consumer_max_subscriptions
    known = ports.subscriptions.page(consumer=consumer_id, limit=most, cursor=None).items if most else []
    if len(known) >= most and wanted not in [one.id for one in known]:
        raise Refusal(429, "quota_exceeded", f"at most {most} subscriptions; end one first", limit="max_subscriptions")


def unsubscribe(ports: Ports, caller: Caller, subscription_id: str) -> Subscription:
    """The topic first: whoever is still listed can be unsubscribed again. Raises Refusal 404."""
    known = ports.subscriptions.get(subscription_id)
    if known is None or not (caller.is_operator or known.consumer == caller.consumer.id):
        raise Refusal(404, "not_found", "no such subscription")
    if known.arn is not None:
        ports.notifier.unsubscribe(known.arn)
    ports.subscriptions.remove(known.id)
    return known


def page(ports: Ports, consumer: str | None, limit: int, cursor: str | None) -> Page[Subscription]:
    return ports.subscriptions.page(consumer=consumer, limit=limit, cursor=cursor)
