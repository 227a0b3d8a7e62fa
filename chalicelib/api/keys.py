"""The keys of one consumer."""

import re

from chalicelib.api import present
from chalicelib.api.calls import Answer, Call
from chalicelib.api.consumers import named
from chalicelib.api.lists import listed, part
from chalicelib.domain.errors import Refusal
from chalicelib.usecases import keyring

_ID = re.compile(r"[a-z0-9]{1,32}", re.ASCII)


def create(call: Call[None]) -> Answer:
    """The only answer that ever holds the key itself."""
    record, shown = keyring.issue_key(call.ports, named(call.params["id"]))
    return Answer(201, {"key_id": record.id, "key": shown})


def page(call: Call[None]) -> Answer:
    items, next_cursor = part(keyring.keys(call.ports, named(call.params["id"])), call.query)
    return listed("keys", [present.key(record) for record in items], next_cursor)


def delete(call: Call[None]) -> Answer:
    key_id = call.params["key_id"]
    if not _ID.fullmatch(key_id):
        raise Refusal(404, "not_found", "no such key")
    if key_id == call.caller.key_id:
        raise Refusal(409, "own_key", "this is the key you are using: another one can revoke it")
    return Answer(200, present.key(keyring.revoke_key(call.ports, named(call.params["id"]), key_id)))
