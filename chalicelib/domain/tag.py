"""The tag that every machine of ours carries, and what can be read off it without any table.

`shopper-{deployment}-{ulid}-{mac}`: the ULID holds the moment of creation, the MAC proves that this
deployment minted it. A tag that does not verify is foreign, and no rule ever touches what carries it.
"""

import hashlib
import hmac
from collections.abc import Sequence
from functools import lru_cache

import msgspec

from chalicelib.domain import base32
from chalicelib.domain.instant import Instant

PREFIX = "shopper-"
_ULID_LENGTH = 26
_MAC_LENGTH = 8  # 40 bits: one forged tag in 10^12 tries, and each try needs write access to the account


class Ours(msgspec.Struct, frozen=True):
    """A tag minted by this deployment."""

    session_id: str
    created_at: Instant


class Unverified(msgspec.Struct, frozen=True):
    """A tag that names this deployment but was not made with a key we hold: for a person to decide."""

    session_id: str
    created_at: Instant


class Foreign(msgspec.Struct, frozen=True):
    """Anything else."""


Reading = Ours | Unverified | Foreign


def mint(deployment: str, at: Instant, entropy: bytes, key: bytes) -> str:
    """A new session id for `deployment`, from ten bytes of randomness and the signing key."""
    if len(entropy) != 10:
        raise ValueError("a session id takes exactly ten bytes of randomness")
    body = f"{deployment}-{base32.encode(at, 10)}{base32.encode(int.from_bytes(entropy, 'big'), 16)}"
    return f"{body}-{_mac(body, key)}"


def of(session_id: str) -> str:
    """The tag that the machine of this session carries."""
    return PREFIX + session_id


def read(tag: str | None, deployment: str, keys: Sequence[bytes]) -> Reading:
    """Whose machine is it? `keys` are the signing key and its predecessors; old tags still verify."""
    return _read(tag, deployment, tuple(keys))


@lru_cache(16_384)  # the same machines are listed again and again
def _read(tag: str | None, deployment: str, keys: tuple[bytes, ...]) -> Reading:
    session_id = (tag or "").removeprefix(PREFIX)
    if not tag or session_id == tag or not tag.isascii():
        return Foreign()
    body, _, mac = session_id.rpartition("-")
    owner, _, ulid = body.rpartition("-")
    if owner != deployment or len(ulid) != _ULID_LENGTH or any(letter not in base32.ALPHABET for letter in ulid):
        return Foreign()
    created_at = base32.decode(ulid[:10])
    if any(hmac.compare_digest(_mac(body, key), mac) for key in keys):
        return Ours(session_id, created_at)
    return Unverified(session_id, created_at)


def _mac(body: str, key: bytes) -> str:
    digest = hmac.new(key, body.encode(), hashlib.sha256).digest()
    return base32.encode(int.from_bytes(digest[:5], "big"), _MAC_LENGTH)
