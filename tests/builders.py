"""Ready-made values for tests: say what matters, the rest is sensible and always the same."""

import msgspec

from chalicelib.domain import tag
from chalicelib.domain.access import Consumer, KeyRecord
from chalicelib.domain.instant import HOUR, Instant
from chalicelib.domain.offer import Offer
from chalicelib.domain.session import Event, Order, Session, Status
from chalicelib.ports import Admission

NOW: Instant = 1_790_000_000_000
"""When the tests take place: 2026-09-21T14:13:20Z."""

DEPLOYMENT = "test"
SIGNING_KEY = b"the signing key of the tests....."
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEPkWcLzCvXmrqVqGSr9VqRM8QkSm3nHZcFh1zYpLkqV"


def a_session_id(number: int = 0, at: Instant = NOW) -> str:
    """The `number`th id minted at this moment; its tag verifies under SIGNING_KEY."""
    return tag.mint(DEPLOYMENT, at, number.to_bytes(10, "big"), SIGNING_KEY)


def an_offer(**changes: object) -> Offer:
    """An RTX 4090 at $0.40 an hour on the market `vastai`."""
    offer = Offer(
        id="vastai:1001",
        provider="vastai",
        provider_offer_id="1001",
        machine_id="m-1",
        gpu="RTX 4090",
        vram_gb=24.0,
        gpu_per_hour=0.40,
        disk_per_gb_hour=0.0002,
        region="Europe",
        country="SE",
        reliability=0.99,
        verified=True,
        cuda_version=12.4,
        max_disk_gb=500.0,
        fetched_at=NOW,
    )
    return msgspec.structs.replace(offer, **changes)


def an_order(**changes: object) -> Order:
    """One hour's wish for `an_offer()`."""
    return msgspec.structs.replace(Order(offer_id="vastai:1001", ssh_public_key=PUBLIC_KEY), **changes)


def a_session(number: int = 0, **changes: object) -> Session:
    """A pending session of `a_consumer()`, made at NOW for one hour; another `number`, another id."""
    created_at = changes.get("created_at", NOW)
    if not isinstance(created_at, int):
        raise TypeError("created_at is an Instant")
    session = Session(
        id=a_session_id(number, created_at),
        consumer="c-ada",
        state_entered_at=created_at,
        created_at=created_at,
        hours=1.0,
        expires_at=created_at + HOUR,
        hard_max_at=created_at + 12 * HOUR,
        order=an_order(),
        wanted=an_offer(),
        price_per_hour=408_000,
        held_per_hour=408_000,
        next_attempt_at=created_at,
    )
    return msgspec.structs.replace(session, **changes)


def an_event(session: Session, **changes: object) -> Event:
    """The first event of this session: it was asked for."""
    event = Event(
        session_id=session.id,
        at=session.created_at,
        before=None,
        after=Status.PENDING,
        reason="created",
        actor=session.consumer,
    )
    return msgspec.structs.replace(event, **changes)


def a_consumer(**changes: object) -> Consumer:
    """An active consumer with the default limits: 3 sessions, $2 an hour."""
    consumer = Consumer(id="c-ada", max_sessions=3, max_price_per_hour=2_000_000, created_at=NOW)
    return msgspec.structs.replace(consumer, **changes)


def a_key(**changes: object) -> KeyRecord:
    """A key of `a_consumer()`, not revoked."""
    key = KeyRecord(id="k000000001", consumer="c-ada", digest="d" * 64, created_at=NOW)
    return msgspec.structs.replace(key, **changes)


def an_admission(**changes: object) -> Admission:
    """Admission of `a_consumer()`, by no key in particular."""
    return msgspec.structs.replace(Admission(consumer=a_consumer(), key_id=None), **changes)
