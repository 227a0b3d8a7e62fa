"""Rent, look, extend, end."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from chalicelib.api import present
from chalicelib.api.calls import Answer, Call
from chalicelib.api.lists import listed, part
from chalicelib.domain.errors import Refusal, invalid
from chalicelib.domain.session import LIVE, EndReason, Session, Status
from chalicelib.usecases.authenticating import acting_for
from chalicelib.usecases.naming import markets

if TYPE_CHECKING:
    from chalicelib.api import answers
    from chalicelib.api.models import ExtendBody, SessionBody

_ID = re.compile(r"[a-z0-9-]{1,64}", re.ASCII)
_STATUSES = (*(status.value for status in Status), "active")


def create(call: Call[SessionBody]) -> Answer:
    from chalicelib.api.orders import fingerprint, hours_of, order_of  # most requests only look
    from chalicelib.usecases import renting

    policy = call.ports.settings.policy
    session = renting.rent(
        call.ports,
        caller=call.caller,
        consumer=acting_for(call.ports, call.caller, call.body.consumer),
        order=order_of(call.body, policy, call.ports.providers),
        hours=hours_of(call.body, policy),
        idempotency_key=_idempotency_key(call),
        body_hash=fingerprint(call.body),
    )
    return Answer(
        202,
        _shown(call, session),
        {"Location": f"{call.path.rstrip('/')}/{session.id}"},
    )


def page(call: Call[None]) -> Answer:
    status = call.query.choice("status", _STATUSES)
    consumer = call.query.text("consumer")
    if not call.caller.is_operator:
        if consumer not in (None, call.caller.consumer.id):
            raise Refusal(403, "forbidden", "consumer: only an operator sees the sessions of others", field="consumer")
        consumer = call.caller.consumer.id
    provider = call.query.text("provider")
    if provider is not None:
        markets(call.ports, (provider,))
    found = call.ports.sessions.page(
        consumer=consumer,
        statuses=None if status is None else LIVE if status == "active" else (Status(status),),
        provider=provider,
        limit=call.query.limit,
        cursor=call.query.cursor,
    )
    return listed(
        "sessions",
        [_shown(call, session) for session in found.items],
        found.next_cursor,
    )


def one(call: Call[None]) -> Answer:
    return Answer(200, _shown(call, _visible(call)))


def events(call: Call[None]) -> Answer:
    items, next_cursor = part(call.ports.sessions.events(_visible(call).id), call.query)
    return listed("events", [present.event(event) for event in items], next_cursor)


def done(call: Call[None]) -> Answer:
    return _end(call, EndReason.DONE)


def delete(call: Call[None]) -> Answer:
    return _end(call, EndReason.DELETED)


def extend(call: Call[ExtendBody]) -> Answer:
    if call.body.override and not call.caller.is_operator:
        raise Refusal(403, "forbidden", "override: only an operator may go past the hard max", field="override")
    from chalicelib.usecases import lifecycle

    session = _visible(call)
    after = lifecycle.extend(call.ports, session, call.body.hours, call.body.override, call.caller.consumer.id)
    return Answer(200, _shown(call, after))


def renew(call: Call[None]) -> Answer:
    from chalicelib.usecases import lifecycle

    return Answer(200, _shown(call, lifecycle.renew(call.ports, _visible(call))))


def _shown(call: Call[Any], session: Session) -> answers.Session:
    return present.session(session, call.now, call.ports.settings.policy)


def _end(call: Call[None], reason: EndReason) -> Answer:
    """202 while there is something left to end, 200 once it was over before."""
    from chalicelib.usecases import lifecycle

    session = _visible(call)
    after = lifecycle.end(call.ports, session, reason, call.caller.consumer.id)
    return Answer(200 if session.final else 202, _shown(call, after))


def _visible(call: Call[None] | Call[ExtendBody]) -> Session:
    """The session that the path names, if the caller may know of it. Raises Refusal 404 alike for foreign and none."""
    session = call.ports.sessions.get(call.params["id"]) if _ID.fullmatch(call.params["id"]) else None
    if session is None or not (call.caller.is_operator or session.consumer == call.caller.consumer.id):
        raise Refusal(404, "not_found", "no such session")
    return session


def _idempotency_key(call: Call[SessionBody]) -> str | None:
    key = call.headers.get("idempotency-key")
    if key is not None and not (1 <= len(key) <= 255 and key.isascii() and key.isprintable()):
        raise invalid("Idempotency-Key", "expected 1 to 255 printable ASCII characters")
    return key
