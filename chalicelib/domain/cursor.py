"""Where a list of offers goes on: the place of the last one shown, and what was shown so far."""

import base64
import hashlib
from collections.abc import Iterable, Iterator
from zlib import crc32

import msgspec

from chalicelib.domain.book import Key
from chalicelib.domain.errors import Refusal, invalid
from chalicelib.domain.offer import Offer

_HASH = 4  # bytes per offer shown: of a thousand lists of 5,000 offers, one misses an offer for a collision
_REMEMBERED = 1000 * _HASH  # 5.4 KB of cursor at most: a request line over 8 KB does not reach us

NOTHING = b""


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """What a cursor says."""

    query: bytes
    key: Key
    shown: bytes
    """Hashes of the offers shown, the latest thousand of them."""


def digest(query: msgspec.Struct) -> bytes:
    """Tells one query from another."""
    return hashlib.blake2b(msgspec.msgpack.encode(query), digest_size=6).digest()


def written(query: bytes, key: Key, shown: bytes, page: Iterable[Offer]) -> str:
    """The cursor after this page, which ends at `key`."""
    shown += b"".join(_hash(offer) for offer in page)
    packed = msgspec.msgpack.encode(Mark(query, key, shown[-_REMEMBERED:]))
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def read(cursor: str, query: bytes) -> Mark:
    """Raises Refusal 400 invalid_cursor for anything that `written` did not make for this query."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        mark = msgspec.msgpack.decode(base64.b64decode(padded, b"-_", validate=True), type=Mark)
    except (ValueError, msgspec.MsgspecError):
        raise _refused("it is not one that a list of offers gave") from None
    if mark.query != query:
        raise _refused("it belongs to another query: filters and order must stay the same from page to page")
    return mark


def unseen(offers: Iterable[Offer], shown: bytes) -> Iterator[Offer]:
    """Those of the offers that are not among the shown."""
    hashes = {shown[i : i + _HASH] for i in range(0, len(shown), _HASH)}
    return (offer for offer in offers if not hashes or _hash(offer) not in hashes)


def _hash(offer: Offer) -> bytes:
    return crc32(offer.id.encode()).to_bytes(_HASH, "big")


def _refused(why: str) -> Refusal:
    return invalid("cursor", why, code="invalid_cursor")
