"""The alerts that were made, and who hears of them."""

from chalicelib.api import answers, present
from chalicelib.api.calls import Answer, Call
from chalicelib.api.costs import whose
from chalicelib.api.lists import listed
from chalicelib.api.models import SubscriptionBody
from chalicelib.domain.alert import Alert
from chalicelib.domain.instant import rfc3339
from chalicelib.domain.subscription import Subscription
from chalicelib.usecases import subscribing


def page(call: Call[None]) -> Answer:
    found = call.ports.alerts.page(consumer=whose(call), limit=call.query.limit, cursor=call.query.cursor)
    return listed("alerts", [_alert(alert) for alert in found.items], found.next_cursor)


def subscribe(call: Call[SubscriptionBody]) -> Answer:
    body = call.body
    made = subscribing.subscribe(call.ports, call.caller, body.protocol, body.endpoint, body.consumer)
    return Answer(201, _subscription(made))


def subscriptions(call: Call[None]) -> Answer:
    found = subscribing.page(call.ports, whose(call), call.query.limit, call.query.cursor)
    return listed("subscriptions", [_subscription(one) for one in found.items], found.next_cursor)


def unsubscribe(call: Call[None]) -> Answer:
    return Answer(200, _subscription(subscribing.unsubscribe(call.ports, call.caller, call.params["id"][:64])))


def _alert(alert: Alert) -> answers.Alert:
    return {
        "id": alert.dedupe_id,
        "kind": alert.kind,
        "consumer": alert.consumer,
        "session": alert.session,
        "provider": alert.provider,
        "period": alert.period,
        "threshold": alert.threshold,
        "dedupe_id": alert.dedupe_id,
        "at": rfc3339(alert.at),
        "sent_at": present.time(alert.sent_at),
        "detail": alert.detail,
    }


def _subscription(one: Subscription) -> answers.Subscription:
    return {
        "id": one.id,
        "protocol": one.protocol,
        "endpoint": one.endpoint,
        "consumer": one.consumer,
        "created_at": rfc3339(one.created_at),
    }
