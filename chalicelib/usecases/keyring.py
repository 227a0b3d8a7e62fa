"""Consumers and their keys: the operator's register of who may spend, and how much."""

from collections.abc import Mapping

import msgspec

from chalicelib.domain.access import Caller, Consumer, KeyRecord, Role, issue
from chalicelib.domain.errors import Refusal, Stale
from chalicelib.domain.money import Micros, to_micros
from chalicelib.ports import Page, Ports
from chalicelib.usecases import lifecycle

_ISSUE_TRIES = 5


def register(
    ports: Ports, consumer_id: str, role: Role, max_sessions: int | None, max_price: Micros | None, active: bool
) -> Consumer:
    """A new consumer, with the policy's limits where none are given. Raises Refusal 409 `consumer_exists`."""
    policy = ports.settings.policy
    consumer = Consumer(
        id=consumer_id,
        role=role,
        max_sessions=policy.consumer_max_sessions if max_sessions is None else max_sessions,
        max_price_per_hour=to_micros(policy.consumer_max_price_per_hour) if max_price is None else max_price,
        active=active,
        created_at=ports.clock.now(),
    )
    try:
        ports.access.put_consumer(consumer, create=True)
    except Stale:
        raise Refusal(409, "consumer_exists", f"id: {consumer_id} exists already", field="id") from None
    return consumer


def consumers(ports: Ports, limit: int, cursor: str | None) -> Page[Consumer]:
    return ports.access.consumers(limit, cursor)


def change(ports: Ports, caller: Caller, consumer_id: str, changes: Mapping[str, object]) -> Consumer:
    """Replace `role`, `max_sessions`, `max_price_per_hour` or `active`.

    Live sessions go on under their old terms, but those of a consumer who is disabled end: nobody else could end them.
    Raises Refusal 404, or 409 `own_consumer` for an operator about to take their own rights away.
    """
    before = _known(ports, consumer_id)
    after = msgspec.structs.replace(before, **changes)
    if consumer_id == caller.consumer.id and not (after.active and after.role is Role.OPERATOR):
        raise Refusal(409, "own_consumer", "an operator cannot take their own rights away; another one can")
    ports.access.change_consumer(before, after)
    changed = _known(ports, consumer_id)
    if changed.active:
        return changed
    lifecycle.end_all_of(ports, changed, caller.consumer.id)
    return _known(ports, consumer_id)


def issue_key(ports: Ports, consumer_id: str) -> tuple[KeyRecord, str]:
    """(the record, the key to show this one time)."""
    _known(ports, consumer_id)
    for _ in range(_ISSUE_TRIES):
        key_id, shown, digest = issue(ports.ids.entropy(38), ports.secrets.pepper)
        if ports.access.key(key_id) is None:  # a key id is short: never write over somebody else's
            record = KeyRecord(id=key_id, consumer=consumer_id, digest=digest, created_at=ports.clock.now())
            ports.access.put_key(record)
            return record, shown
    raise RuntimeError("no free key id: the source of randomness repeats itself")


def keys(ports: Ports, consumer_id: str) -> list[KeyRecord]:
    _known(ports, consumer_id)
    return ports.access.keys_of(consumer_id)


def revoke_key(ports: Ports, consumer_id: str, key_id: str) -> KeyRecord:
    """The key holds for nothing any more, from now on. Revoking again changes nothing."""
    record = ports.access.key(key_id)
    if record is None or record.consumer != consumer_id:
        raise Refusal(404, "not_found", "no such key")
    if record.revoked_at is None:
        record = msgspec.structs.replace(record, revoked_at=ports.clock.now())
        ports.access.put_key(record)
    return record


def _known(ports: Ports, consumer_id: str) -> Consumer:
    consumer = ports.access.consumer(consumer_id)
    if consumer is None:
        raise Refusal(404, "not_found", "no such consumer")
    return consumer
