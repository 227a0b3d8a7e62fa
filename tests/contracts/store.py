"""What every store is, for the contract classes beside this file, and the hands they share."""

from collections.abc import Callable, Sequence
from threading import Barrier, Thread
from typing import Protocol, TypeVar

import msgspec

from chalicelib.domain.access import Consumer
from chalicelib.domain.errors import ShopperError
from chalicelib.domain.instant import Instant
from chalicelib.domain.posting import Posting
from chalicelib.domain.session import EndReason, NeverLaunched, Session, end, finish
from chalicelib.ports import Access, Alerts, Health, Inventory, Ledger, Prices, RateRows, Sessions, Subscriptions
from tests.builders import NOW, a_consumer, a_session, an_admission, an_event

T = TypeVar("T")


class AnyStore(Protocol):
    """One implementation of the nine ports."""

    @property
    def sessions(self) -> Sessions: ...
    @property
    def access(self) -> Access: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def inventory(self) -> Inventory: ...
    @property
    def prices(self) -> Prices: ...
    @property
    def health(self) -> Health: ...
    @property
    def rates(self) -> RateRows: ...
    @property
    def alerts(self) -> Alerts: ...
    @property
    def subscriptions(self) -> Subscriptions: ...


def known(store: AnyStore, **changes: object) -> Consumer:
    """A consumer that the store knows."""
    consumer = a_consumer(**changes)
    store.access.put_consumer(consumer, create=True)
    return consumer


def opened(store: AnyStore, number: int = 0, **changes: object) -> Session:
    """A session that was opened for a consumer with room for many."""
    session = a_session(number, **changes)
    consumer = store.access.consumer(session.consumer)
    if consumer is None:
        consumer = known(store, id=session.consumer, max_sessions=1000, max_price_per_hour=10**12)
    return store.sessions.open(session, an_event(session), an_admission(consumer=consumer))


def replaced(session: Session, **changes: object) -> Session:
    return msgspec.structs.replace(session, **changes)


def ending(store: AnyStore, session: Session, at: Instant = NOW) -> Session:
    after, event = end(session, EndReason.DELETED, at, "c-ada")
    return store.sessions.save(session, after, event)


def ended(store: AnyStore, session: Session, at: Instant = NOW) -> Session:
    """Brought to its final state, by way of `terminating`."""
    terminating = ending(store, session, at)
    after, event = finish(terminating, NeverLaunched(), at)
    return store.sessions.save(terminating, after, event)


def settled(store: AnyStore, session: Session) -> Session:
    """As the accrual leaves a final session behind."""
    consumer = store.access.consumer(session.consumer)
    assert consumer is not None
    after = replaced(session, settled_at=session.ended_at)
    store.ledger.post(Posting(consumer=consumer, released=session.hold, sessions=((session, after),)))
    return replaced(after, version=session.version + 1)


def race(calls: Sequence[Callable[[], T]]) -> tuple[list[T], list[ShopperError]]:
    """All calls at once, a thread each: (what came back, what was raised on purpose)."""
    start = Barrier(len(calls))
    answers: list[T] = []
    errors: list[ShopperError] = []
    broken: list[BaseException] = []

    def run(call: Callable[[], T]) -> None:
        start.wait()
        try:
            answers.append(call())
        except ShopperError as error:
            errors.append(error)
        except BaseException as error:
            broken.append(error)

    threads = [Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if broken:
        raise broken[0]
    return answers, errors
