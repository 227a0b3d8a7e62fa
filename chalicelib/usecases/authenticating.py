"""Who is asking? One answer for every key that does not hold: 401, whatever is wrong with it."""

from chalicelib.domain.access import Caller, Consumer, KeyRecord, matches, parse
from chalicelib.domain.errors import Refusal
from chalicelib.domain.instant import HOUR
from chalicelib.ports import Ports

LOCAL_OPERATOR = "operator"
"""Id of the key that the local start makes for its operator; an issued key's id has another form."""

_NOTE_USE_EVERY = HOUR
"""`last_used_at` tells whether a key can be dropped; an hour is near enough, and saves a write per request."""


def authenticate(ports: Ports, authorization: str | None) -> Caller:
    """The caller behind an `Authorization` header, read from the store each time: a revocation holds at once.

    Raises Refusal 401, the same for a key that is missing, mistyped, unknown, revoked or of a disabled consumer.
    """
    record = _record(ports, bearer(authorization))
    consumer = None if record is None else ports.access.consumer(record.consumer)
    if record is None or consumer is None or not consumer.active:
        raise Refusal(401, "unauthorized", "send a valid key as `Authorization: Bearer gs_…`")
    now = ports.clock.now()
    if record.last_used_at is None or now - record.last_used_at >= _NOTE_USE_EVERY:
        ports.access.touch_key(record.id, now)
    return Caller(consumer=consumer, key_id=record.id)


def acting_for(ports: Ports, caller: Caller, consumer_id: str | None) -> Consumer:
    """Who pays: the caller, or for an operator whoever they name. Raises Refusal 400 or 403 naming `consumer`."""
    if consumer_id is None:
        return caller.consumer
    if not caller.is_operator:
        if consumer_id == caller.consumer.id:
            return caller.consumer
        raise Refusal(403, "forbidden", "consumer: only an operator may name others", field="consumer")
    consumer = ports.access.consumer(consumer_id)
    if consumer is None or not consumer.active:
        raise Refusal(400, "unknown_consumer", "consumer: no active consumer of this name", field="consumer")
    return consumer


def bearer(authorization: str | None) -> str:
    """What an `Authorization: Bearer …` header presents; empty for any other."""
    scheme, _, key = (authorization or "").strip().partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def _record(ports: Ports, presented: str) -> KeyRecord | None:
    """The stored key that this one is, if it holds."""
    if (parts := parse(presented)) is not None:
        record = ports.access.key(parts[0])
        if record is not None and matches(record, parts[1], ports.secrets.pepper):
            return record
    if presented and ports.settings.is_local:  # there the operator's key may be any text that the environment chose
        record = ports.access.key(LOCAL_OPERATOR)
        if record is not None and matches(record, presented, ports.secrets.pepper):
            return record
    return None
