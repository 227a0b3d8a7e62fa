"""What the markets offer now, as far as we know: answered from memory, and how old that is is always told."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from chalicelib.domain.book import Book
from chalicelib.domain.freshness import is_due, is_stale
from chalicelib.domain.instant import SECOND, Instant, seconds
from chalicelib.domain.offer import Offer
from chalicelib.domain.query import Query, select
from chalicelib.ports import Inventory, Ports, Snapshot, SnapshotHead
from chalicelib.usecases.naming import markets

_NOTE_ASKED = 30.0
"""How often a process writes down that somebody asks: often enough for refreshes a minute apart."""


class MarketStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a market's word we have.

    `ok`: its offers are fresh. `stale`: they are older than the policy wants. `error`: the last look failed, or none
    was made yet; the offers are those of the last good look. `unconfigured`: no credentials. An `error` text beside
    `ok` or `stale` tells what is missing, or that the market limits us.
    """

    status: Literal["ok", "stale", "error", "unconfigured"]
    fetched_at: Instant | None = None
    age_seconds: float | None = None
    offers: int = 0
    """Of all kinds, before any filter."""
    error: str | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    offers: list[Offer]
    total: int
    next_cursor: str | None
    providers: dict[str, MarketStatus]


def browse(ports: Ports, query: Query, limit: int, cursor: str | None = None) -> Answer:
    """One page of the offers that match, and the state of every market.

    Raises Refusal 400: invalid_cursor, or a `provider` that no market is called.
    """
    names = markets(ports, query.provider)
    seen = _seen(ports)
    page = select(seen.book, query, limit, cursor)
    return Answer(
        offers=page.offers,
        total=page.total,
        next_cursor=page.next_cursor,
        providers={name: _status(ports, name, seen.heads.get(name)) for name in names},
    )


def find(ports: Ports, offer_id: str) -> Offer | None:
    """One offer by its id; None if no market offers it (any more)."""
    return _seen(ports).book.find(offer_id) or _seen(ports, trusted=False).book.find(offer_id)


def offers(ports: Ports) -> tuple[Offer, ...]:
    """All of them; a row whose GPU count the buyer chooses comes once, as one GPU."""
    return _seen(ports).book.offers


class _Seen(msgspec.Struct, frozen=True):
    """The store's inventory as it was a moment ago."""

    heads: Mapping[str, SnapshotHead | None]
    snapshots: Mapping[str, tuple[str, Snapshot]]
    """(revision, snapshot) by provider."""
    book: Book


class _Memory(msgspec.Struct):
    """What this process remembers. Threads may do a piece of work twice; none ever waits for another."""

    inventory: Inventory
    seen: _Seen | None = None
    checked_at: Instant | None = None
    asked_at: Instant | None = None
    woken_at: Instant | None = None


_memory: _Memory | None = None


def _seen(ports: Ports, *, trusted: bool = True) -> _Seen:
    """The copy, compared with the store unless that was just done and the copy is `trusted`; and somebody asked."""
    global _memory
    memory = _memory
    if memory is None or memory.inventory is not ports.inventory:
        memory = _memory = _Memory(ports.inventory)
    now = ports.clock.now()
    policy = ports.settings.policy
    seen = memory.seen
    empty = seen is not None and len(seen.snapshots) < len(ports.providers)  # at a start offers come any moment
    if seen is None or empty or not trusted or _passed(memory.checked_at, now, policy.inventory_check_seconds):
        if seen is not None:
            memory.checked_at = now  # others go on with the old copy meanwhile
        seen = memory.seen = _read(ports, seen)
        memory.checked_at = now
    if _passed(memory.asked_at, now, _NOTE_ASKED):
        memory.asked_at = now
        ports.inventory.asked(now)
    if _passed(memory.woken_at, now, policy.inventory_wake_seconds) and _wants_a_look(ports, seen, now):
        memory.woken_at = now
        ports.wakeups.sweep("inventory", if_due=True)
    return seen


def _read(ports: Ports, known: _Seen | None) -> _Seen:
    """One small read for each market; offers only where they have changed."""
    heads = {name: ports.inventory.head(name) for name in ports.providers}
    snapshots = dict(known.snapshots) if known else {}
    for name, head in heads.items():
        if head is None or (name in snapshots and snapshots[name][0] == head.revision):
            continue
        snapshot = ports.inventory.get(name)
        if snapshot is not None:
            snapshots[name] = (head.revision, snapshot)
    if known is not None and snapshots == known.snapshots:
        return _Seen(heads, known.snapshots, known.book)
    return _Seen(heads, snapshots, Book(offer for _, snapshot in snapshots.values() for offer in snapshot.offers))


def _wants_a_look(ports: Ports, seen: _Seen, now: Instant) -> bool:
    """Is there a market whose offers are old or missing, and that a sweep would look at now that somebody asks?"""
    policy = ports.settings.policy
    return any(
        head is None
        or (
            is_stale(head.fetched_at, now, policy)
            and is_due(head.tried_at, now, policy, asked=True, limited=head.limited, empty=head.fetched_at is None)
        )
        for head in seen.heads.values()
    )


def _status(ports: Ports, name: str, head: SnapshotHead | None) -> MarketStatus:
    if name not in ports.providers:
        return MarketStatus(status="unconfigured")
    if head is None:
        return MarketStatus(status="error", error="not looked at yet")
    if head.fetched_at is None:
        return MarketStatus(status="error", error=head.error)
    now = ports.clock.now()
    failed = head.tried_at > head.fetched_at and head.error is not None and not head.limited
    stale = is_stale(head.fetched_at, now, ports.settings.policy)
    return MarketStatus(
        status="error" if failed else "stale" if stale else "ok",
        fetched_at=head.fetched_at,
        age_seconds=max(0, now - head.fetched_at) / SECOND,
        offers=head.count,
        error=head.error,
    )


def _passed(since: Instant | None, now: Instant, pause: float) -> bool:
    """A moment that lies ahead, by another clock than ours, counts as long ago."""
    return since is None or not 0 <= now - since < seconds(pause)
