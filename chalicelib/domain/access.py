"""Who may ask: consumers, operators, and the keys they hold."""

import hashlib
import hmac
import re
from enum import StrEnum

import msgspec

from chalicelib.domain import base32
from chalicelib.domain.budget import Budget
from chalicelib.domain.instant import Instant
from chalicelib.domain.money import Micros

_KEY = re.compile(r"gs_([a-z0-9]{10})_([0-9a-f]{64})([0-9a-f]{8})")


class Role(StrEnum):
    CONSUMER = "consumer"
    OPERATOR = "operator"


class Consumer(msgspec.Struct, frozen=True, kw_only=True):
    """Who pays. `sessions` and `committed_per_hour` are what its live sessions hold of the two limits."""

    id: str
    role: Role = Role.CONSUMER
    max_sessions: int
    max_price_per_hour: Micros
    """Summed over its live sessions."""
    active: bool = True
    created_at: Instant
    sessions: int = 0
    committed_per_hour: Micros = 0
    budget: Budget | None = None
    period: str = ""
    """The period that `booked` is of; empty (all time) without a budget."""
    reserved: Micros = 0
    """What is left of the holds of its sessions."""
    booked: Micros = 0
    """Spent in the period, and reserved: one number, since the table's conditions cannot add."""

    @property
    def spent(self) -> Micros:
        """In the period, as far as it is written down."""
        return self.booked - self.reserved


class KeyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A key as stored: its secret only as an HMAC under the pepper."""

    id: str
    consumer: str
    digest: str
    created_at: Instant
    revoked_at: Instant | None = None
    last_used_at: Instant | None = None


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who is asking, as proven by the key they sent."""

    consumer: Consumer
    key_id: str

    @property
    def is_operator(self) -> bool:
        return self.consumer.role is Role.OPERATOR


def issue(entropy: bytes, pepper: bytes) -> tuple[str, str, str]:
    """(key id, the key to show once, its digest to store) from 38 random bytes: 6 for the id, 32 for the secret."""
    if len(entropy) != 38:
        raise ValueError("a key takes 38 random bytes")
    key_id = base32.encode(int.from_bytes(entropy[:6], "big"), 10)
    secret = entropy[6:].hex()
    return key_id, f"gs_{key_id}_{secret}{_checksum(key_id, secret)}", digest(key_id, secret, pepper)


def parse(presented: str) -> tuple[str, str] | None:
    """(key id, secret) of a well-formed key, else None: a typo costs no read."""
    match = _KEY.fullmatch(presented)
    if not match or not hmac.compare_digest(_checksum(match[1], match[2]), match[3]):
        return None
    return match[1], match[2]


def digest(key_id: str, secret: str, pepper: bytes) -> str:
    return hmac.new(pepper, f"{key_id}:{secret}".encode(), hashlib.sha256).hexdigest()


def matches(record: KeyRecord, secret: str, pepper: bytes) -> bool:
    """Constant-time; a revoked key matches nothing."""
    return same(record.digest, digest(record.id, secret, pepper)) and record.revoked_at is None


def same(digest: str, another: str) -> bool:
    """Constant-time."""
    return hmac.compare_digest(digest, another)


def _checksum(key_id: str, secret: str) -> str:
    return hashlib.sha256(f"{key_id}{secret}".encode()).hexdigest()[:8]
