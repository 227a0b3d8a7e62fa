"""Write down what sessions have cost: each time the whole truth, so that nothing hangs on when or how often."""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from chalicelib.domain import ledger
from chalicelib.domain.access import Consumer
from chalicelib.domain.budget import left, lengthened
from chalicelib.domain.errors import Stale
from chalicelib.domain.instant import Instant, seconds
from chalicelib.domain.money import Micros
from chalicelib.domain.posting import MOST_ITEMS, Change, Posting, items, refused
from chalicelib.domain.session import Session
from chalicelib.ports import Ports
from chalicelib.usecases.budgeting import current

log = logging.getLogger(__name__)

_TRIES = 5


class Account(msgspec.Struct, frozen=True):
    """One session's ledger: what is stored, and what would be written now."""

    session: Session
    changes: tuple[Change, ...]
    stored: Micros

    @property
    def more(self) -> Micros:
        return sum(after.cost - (before.cost if before else 0) for before, after in self.changes)

    @property
    def spent(self) -> Micros:
        return self.stored + self.more

    @property
    def released(self) -> Micros:
        """What of its hold is spent by these changes."""
        hold = self.session.hold
        return left(hold, self.stored) - left(hold, self.spent)


def accounts(
    ports: Ports, consumer_id: str, sessions: Sequence[Session], until: Instant, *, settling: bool = False
) -> list[Account]:
    """Each session's ledger up to a moment, against what is stored. Only a settlement may lower a line."""
    worked_out = [(session, ledger.lines(session, until)) for session in sessions]
    stored = ports.ledger.lines(consumer_id, [line.key for _, lines in worked_out for line in lines])
    found = []
    for session, lines in worked_out:
        pairs = [(stored.get(line.key), line) for line in lines]
        changes = tuple(pair for pair in pairs if _differs(*pair, settling))
        found.append(Account(session, changes, sum(before.cost for before, _ in pairs if before is not None)))
    return found


def accrue(ports: Ports, live: Iterable[Session]) -> None:
    """These live sessions up to shortly before now."""
    until = _until(ports)
    for consumer_id, sessions in by_consumer(live).items():
        try:
            _accrue(ports, consumer_id, sessions, until)
        except Exception:
            log.exception("the ledger of %s could not be written", consumer_id, extra={"consumer": consumer_id})


def settle_all(ports: Ports) -> None:
    """Whatever is over and not settled."""
    for session in ports.sessions.unsettled(limit=500):
        try:
            settle(ports, session)
        except Exception:
            log.exception("session %s: not settled", session.id, extra={"session": session.id})


def settle(ports: Ports, session: Session) -> None:
    """The final cost up to the proven end, and the hold released: once, whoever comes first."""
    for _ in range(_TRIES):
        fresh = ports.sessions.get(session.id)
        if fresh is None or not fresh.final or fresh.settled_at is not None:
            return
        now = ports.clock.now()
        settled = msgspec.structs.replace(fresh, settled_at=now)
        try:
            rewrite(ports, fresh, settled, released_whole=True)
        except Stale:
            continue
        return
    log.warning("session %s: not settled, others write too", session.id, extra={"session": session.id})


def rewrite(ports: Ports, before: Session, after: Session, *, released_whole: bool = False) -> None:
    """The session saved as `after`, and its ledger lines as that demands. Raises Stale."""
    consumer = current(ports, before.consumer)
    [account] = accounts(ports, consumer.id, [after], ports.clock.now(), settling=True)
    released = left(before.hold, account.stored) if released_whole else 0
    ports.ledger.post(Posting(consumer=consumer, lines=account.changes, released=released, sessions=((before, after),)))


def lengthen(
    ports: Ports, before: Session, after: Session, more: Micros, first: Callable[[], None] | None = None
) -> Session:
    """The session saved as `after` with so much more set aside for it, and its ledger written on the way: what it has
    cost beyond its hold is none of what is set aside.

    `first` is done before anything is written, and not if the budget refuses. Raises Stale, and Refusal 402
    `budget_exceeded`: the store has the last word.
    """
    consumer = current(ports, before.consumer)
    [account] = accounts(ports, consumer.id, [before], _until(ports))
    longer = msgspec.structs.replace(after, hold=lengthened(before.hold, account.spent, more))
    posting = Posting(
        consumer=consumer,
        lines=account.changes,
        released=account.released,
        reserved=more,
        sessions=((before, longer),),
    )
    refusal = refused(posting, consumer)
    if refusal is not None:
        raise refusal
    if first is not None:
        first()
    ports.ledger.post(posting)
    return msgspec.structs.replace(longer, version=before.version + 1)


def by_consumer(sessions: Iterable[Session]) -> dict[str, list[Session]]:
    found: dict[str, list[Session]] = defaultdict(list)
    for session in sessions:
        found[session.consumer].append(session)
    return dict(found)


def _accrue(ports: Ports, consumer_id: str, sessions: list[Session], until: Instant) -> None:
    """Many sessions in one transaction; those of one that lost are written one by one."""
    consumer = current(ports, consumer_id)
    for posting, batch in _postings(consumer, accounts(ports, consumer_id, sessions, until)):
        try:
            ports.ledger.post(posting)
        except Stale:
            for session in batch:
                _accrue_one(ports, consumer_id, session, until)


def _accrue_one(ports: Ports, consumer_id: str, session: Session, until: Instant) -> None:
    for _ in range(_TRIES):
        consumer, row = current(ports, consumer_id), ports.sessions.get(session.id)
        session = row or session  # it may have been made longer meanwhile
        try:
            for posting, _ in _postings(consumer, accounts(ports, consumer_id, [session], until)):
                ports.ledger.post(posting)
        except Stale:
            continue
        return
    log.warning("session %s: not accrued in this pass", session.id, extra={"session": session.id})


def _postings(consumer: Consumer, found: Iterable[Account]) -> Iterator[tuple[Posting, list[Session]]]:
    """Postings of no more rows than a transaction takes; never one session in two."""
    whole, batch = Posting(consumer=consumer), list[Session]()
    for account in found:
        if not account.changes:
            continue
        wider = _joined(whole, account)
        if batch and items(wider) > MOST_ITEMS:
            yield whole, batch
            wider, batch = _joined(Posting(consumer=consumer), account), []
        whole = wider
        batch.append(account.session)
    if batch:
        yield whole, batch


def _joined(posting: Posting, account: Account) -> Posting:
    used_up = account.spent > account.session.hold
    return msgspec.structs.replace(
        posting,
        lines=posting.lines + account.changes,
        released=posting.released + account.released,
        holds=posting.holds + (account.session,) * used_up,
    )


def _until(ports: Ports) -> Instant:
    return ports.clock.now() - seconds(ports.settings.policy.accrue_lag_seconds)


def _differs(before: ledger.Line | None, after: ledger.Line, settling: bool) -> bool:
    if before is None:
        return True
    if settling:
        return (after.cost, after.gpu_ms, after.first) != (before.cost, before.gpu_ms, before.first)
    return after.cost > before.cost
