"""Who may spend: the operator's list of consumers."""

import re

from chalicelib.api import present
from chalicelib.api.calls import Answer, Call
from chalicelib.api.lists import listed
from chalicelib.api.models import ConsumerBody, ConsumerChangeBody
from chalicelib.api.orders import price
from chalicelib.domain.errors import Refusal
from chalicelib.usecases import keyring

_ID = re.compile(r"[A-Za-z0-9._-]{1,32}", re.ASCII)


def create(call: Call[ConsumerBody]) -> Answer:
    body = call.body
    limit = price("max_price_per_hour", body.max_price_per_hour)
    consumer = keyring.register(call.ports, body.id, body.role, body.max_sessions, limit, body.status == "active")
    return Answer(201, present.consumer(consumer), {"Location": f"{call.path.rstrip('/')}/{consumer.id}"})


def page(call: Call[None]) -> Answer:
    found = keyring.consumers(call.ports, call.query.limit, call.query.cursor)
    return listed("consumers", [present.consumer(consumer) for consumer in found.items], found.next_cursor)


def change(call: Call[ConsumerChangeBody]) -> Answer:
    body = call.body
    asked = {
        "role": body.role,
        "max_sessions": body.max_sessions,
        "max_price_per_hour": price("max_price_per_hour", body.max_price_per_hour),
        "active": None if body.status is None else body.status == "active",
    }
    changes = {name: value for name, value in asked.items() if value is not None}
    return Answer(200, present.consumer(keyring.change(call.ports, call.caller, named(call.params["id"]), changes)))


def named(consumer_id: str) -> str:
    """The consumer id of a path; what cannot be one is not looked up. Raises Refusal 404."""
    if not _ID.fullmatch(consumer_id):
        raise Refusal(404, "not_found", "no such consumer")
    return consumer_id
