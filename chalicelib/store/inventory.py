"""Offers as last seen: one compressed body per market, in chunks that fit into rows, under a head that is flipped.

`INVENTORY#provider / HEAD`                what is current, and how the last look went
`INVENTORY#provider / CHUNK#shelf#n`       its body, which says of what revision it is; the shelves are used in turn
`INVENTORY#provider / CLAIM`               until when one process alone looks at this market
`INVENTORY / ASKED`                        when somebody last read the inventory

What a body replaces is not deleted: that would be billed as the writing of it was, for nothing but 16 rows' space.
"""

import zlib
from contextlib import suppress
from hashlib import sha256

import msgspec
from pynamodb.attributes import BinaryAttribute, BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from chalicelib.domain.errors import StoreDown
from chalicelib.domain.instant import Instant
from chalicelib.domain.offer import Offer
from chalicelib.ports import Snapshot, SnapshotHead
from chalicelib.store.table import Row, Table
from chalicelib.store.trouble import TRIES, Lost, jitter

_CHUNK_BYTES = 340_000  # DynamoDB's limit for a row is 400 KB, keys and names included
_LEVEL = 6  # 5,000 offers: 372 KB in 41 ms; level 3 takes 17 ms, and each kilobyte more is billed at every look
_SHELVES = 16  # more than there are TRIES: who tries again never writes over what is being read


class HeadRow(Row):
    """All null: a market whose first look failed has a head and no body."""

    revision: UnicodeAttribute = UnicodeAttribute(null=True)
    chunks: NumberAttribute = NumberAttribute(null=True)
    offers: NumberAttribute = NumberAttribute(null=True)
    fetched_at: NumberAttribute = NumberAttribute(null=True)
    tried_at: NumberAttribute = NumberAttribute()
    error: UnicodeAttribute = UnicodeAttribute(null=True)
    limited: BooleanAttribute = BooleanAttribute()


class ChunkRow(Row):
    revision: UnicodeAttribute = UnicodeAttribute()
    body: BinaryAttribute = BinaryAttribute(legacy_encoding=False)


class ClaimRow(Row):
    until: NumberAttribute = NumberAttribute()


class AskedRow(Row):
    at: NumberAttribute = NumberAttribute()


class DynamoInventory:
    """`Inventory`."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._heads = table.bind(HeadRow)
        self._chunks = table.bind(ChunkRow)
        self._claims = table.bind(ClaimRow)
        self._asked = table.bind(AskedRow)

    def put(self, snapshot: Snapshot) -> None:
        body = zlib.compress(msgspec.msgpack.encode(snapshot.offers), _LEVEL)
        chunks = [body[start : start + _CHUNK_BYTES] for start in range(0, len(body), _CHUNK_BYTES)]
        pk, _ = _head_key(snapshot.provider)
        for number in range(TRIES):
            head = self._head(snapshot.provider)
            current = head.revision if head is not None else None
            count = (_count(current) if current else 0) + 1 + number
            revision = f"{count:08d}-{sha256(body).hexdigest()[:12]}"
            try:
                for place, chunk in enumerate(chunks):
                    self._lay_down(pk, revision, place, chunk)
                self._flip(snapshot, current, revision, len(chunks))
            except Lost:  # another look came in between; the last one to arrive counts
                self._table.pause(jitter(number))
                continue
            return
        raise StoreDown("the inventory is too busy")

    def mark_failed(self, provider: str, tried_at: Instant, error: str, limited: bool) -> None:
        heads = self._heads
        actions: list[Action] = [heads.tried_at.set(tried_at), heads.error.set(error), heads.limited.set(limited)]
        row = heads(*_head_key(provider))
        self._table.run(lambda: row.update(actions))

    def claim(self, provider: str, at: Instant, until: Instant) -> bool:
        free = self._claims.until.does_not_exist() | (self._claims.until <= at)
        row = self._claims(*_claim_key(provider))
        try:
            self._table.run(lambda: row.update([self._claims.until.set(until)], free))
        except Lost:
            return False
        return True

    def release(self, provider: str, until: Instant) -> None:
        row = self._claims(*_claim_key(provider))
        with suppress(Lost):
            self._table.run(lambda: row.delete(self._claims.until == until))

    def head(self, provider: str) -> SnapshotHead | None:
        head = self._head(provider)
        if head is None:
            return None
        return SnapshotHead(
            provider=provider,
            revision=head.revision or "",
            count=int(head.offers or 0),
            fetched_at=_instant(head.fetched_at),
            tried_at=int(head.tried_at),
            error=head.error,
            limited=head.limited,
        )

    def get(self, provider: str) -> Snapshot | None:
        for number in range(TRIES):
            head = self._head(provider)
            if head is None:
                return None
            chunks: list[ChunkRow] = []
            if head.revision is not None:
                shelf = self._chunks.sk.between(
                    _chunk(head.revision, 0), _chunk(head.revision, max(0, int(head.chunks or 0) - 1))
                )
                found = self._table.find(self._chunks, _head_key(provider)[0], shelf)
                chunks = [chunk for chunk in found if chunk.revision == head.revision]
            if len(chunks) == (head.chunks or 0):
                return Snapshot(
                    provider=provider,
                    offers=_offers(b"".join(chunk.body for chunk in chunks)),
                    fetched_at=_instant(head.fetched_at),
                    tried_at=int(head.tried_at),
                    error=head.error,
                    limited=head.limited,
                )
            self._table.pause(jitter(number))  # replaced between the two reads
        raise StoreDown("the inventory changed faster than it could be read")

    def asked(self, at: Instant) -> None:
        later = self._asked.at.does_not_exist() | (self._asked.at < at)
        with suppress(Lost):
            self._table.run(lambda: self._asked("INVENTORY", "ASKED").update([self._asked.at.set(at)], later))

    def last_asked(self) -> Instant | None:
        row = self._table.get(self._asked, "INVENTORY", "ASKED")
        return int(row.at) if row is not None else None

    def _head(self, provider: str) -> HeadRow | None:
        return self._table.get(self._heads, *_head_key(provider))

    def _flip(self, snapshot: Snapshot, current: str | None, revision: str, chunks: int) -> None:
        """Make `revision` the one that is read, if `current` still is. Raises Lost."""
        heads = self._heads
        actions: list[Action] = [
            heads.revision.set(revision),
            heads.chunks.set(chunks),
            heads.offers.set(len(snapshot.offers)),
            heads.tried_at.set(snapshot.tried_at),
            heads.limited.set(snapshot.limited),
            heads.error.remove() if snapshot.error is None else heads.error.set(snapshot.error),
            heads.fetched_at.remove() if snapshot.fetched_at is None else heads.fetched_at.set(snapshot.fetched_at),
        ]
        same = heads.revision.does_not_exist() if current is None else heads.revision == current
        row = heads(*_head_key(snapshot.provider))
        self._table.run(lambda: row.update(actions, same))

    def _lay_down(self, pk: str, revision: str, place: int, body: bytes) -> None:
        """Put a chunk where one of 16 revisions ago lay. Raises Lost when another look laid down its own there."""
        older = self._chunks.revision < revision[:8]  # of a smaller count, whatever its digest
        mine = self._chunks.revision == revision  # and the first answer was lost
        row = self._chunks(pk, _chunk(revision, place), revision=revision, body=body)
        self._table.run(lambda: row.save(self._chunks.revision.does_not_exist() | older | mine))


def _head_key(provider: str) -> tuple[str, str]:
    return f"INVENTORY#{provider}", "HEAD"


def _chunk(revision: str, place: int) -> str:
    return f"CHUNK#{_count(revision) % _SHELVES:02d}#{place:03d}"


def _count(revision: str) -> int:
    return int(revision[:8])


def _claim_key(provider: str) -> tuple[str, str]:
    return f"INVENTORY#{provider}", "CLAIM"


def _offers(body: bytes) -> tuple[Offer, ...]:
    return msgspec.msgpack.decode(zlib.decompress(body), type=tuple[Offer, ...]) if body else ()


def _instant(value: float | None) -> Instant | None:
    return None if value is None else int(value)
