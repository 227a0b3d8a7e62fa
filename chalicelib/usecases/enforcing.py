"""Hold budgets against what was spent: tell once a threshold and period, and end what a budget no longer pays for."""

import logging
from collections.abc import Sequence

from chalicelib.domain import budget as rules
from chalicelib.domain import ledger, period
from chalicelib.domain.access import Consumer
from chalicelib.domain.alert import Alert, Kind
from chalicelib.domain.budget import Budget, left
from chalicelib.domain.errors import Refusal
from chalicelib.domain.instant import Instant
from chalicelib.domain.money import Micros, to_dollars
from chalicelib.domain.session import FINAL, EndReason, Session
from chalicelib.ports import Ports
from chalicelib.usecases import budgeting, lifecycle
from chalicelib.usecases.accruing import Account, accounts
from chalicelib.usecases.alerting import tell_again

log = logging.getLogger(__name__)

_MOST_UNSETTLED = 500  # each one is settled as it ends: so many wait only while nothing can be written at all
_TOGETHER = 100  # consumers, between two looks at the time


def enforce_all(ports: Ports, place: str | None = None, until: Instant | None = None) -> str | None:
    """Every consumer's budget, and its counters against ledger and holds; a disabled one's sessions end.

    From `place` on, where a run stopped before; where this one stopped at `until`, None when it came to the end."""
    while True:
        page = ports.access.consumers(_TOGETHER, place)
        for consumer in page.items:
            if consumer.budget is None and not consumer.reserved and not consumer.sessions:
                continue
            try:
                if not consumer.active and consumer.sessions:  # one that was opened at the moment of the disabling
                    _end_disabled(ports, consumer.id)
                enforce(ports, consumer.id, consumer)
            except Exception:
                log.exception("the budget of %s could not be looked at", consumer.id, extra={"consumer": consumer.id})
        place = page.next_cursor
        if place is None or (until is not None and ports.clock.now() >= until):
            return place


def _end_disabled(ports: Ports, consumer_id: str) -> None:
    consumer = ports.access.consumer(consumer_id)
    if consumer is not None and not consumer.active:  # else enabled again since
        lifecycle.end_all_of(ports, consumer, "service")


def enforce(ports: Ports, consumer_id: str, known: Consumer | None = None) -> None:
    """`known`: the consumer as it was read a moment ago.

    1. The counters put right.  2. Each threshold of this period, and of the last one if it ended under this very
    budget, is told of once.  3. Where the budget says so, what still runs begins to end."""
    consumer = budgeting.current(ports, consumer_id, known)
    budget = consumer.budget
    periods = _periods(consumer, budget)
    spent = budgeting.written(ports, consumer, *periods) if periods else {}
    # The totals first: what an accrual moves into them meanwhile is then missed for one pass, and not counted twice.
    live = ports.sessions.live_of(consumer)
    found = accounts(ports, consumer.id, live, ports.clock.now())
    _check_counters(ports, consumer, spent.get(consumer.period, consumer.spent), found)
    if budget is None:
        return
    for name in spent:
        spent[name] += _unwritten(found, name)
        _tell(ports, consumer, budget, name, spent[name])
    # What is ended stays ended: by the budget as it is at this moment.
    if rules.used_up(budget, spent[consumer.period]) and budgeting.current(ports, consumer_id).budget == budget:
        for session in live:
            lifecycle.end(ports, session, EndReason.BUDGET, "service", f"the {budget.period}'s budget is used up")


def tell_of_last_period(ports: Ports, consumer_id: str) -> None:
    """Its thresholds, as `enforce` does: before another budget takes the place of the one that it ended under."""
    consumer = budgeting.current(ports, consumer_id)
    budget = consumer.budget
    if budget is None or len(_periods(consumer, budget)) < 2:
        return
    name = period.before(consumer.period)
    spent = budgeting.written(ports, consumer, name)[name]
    found = accounts(ports, consumer.id, ports.sessions.live_of(consumer), ports.clock.now())
    _tell(ports, consumer, budget, name, spent + _unwritten(found, name))


def _periods(consumer: Consumer, budget: Budget | None) -> tuple[str, ...]:
    if budget is None:
        return ()
    start, _ = period.bounds(consumer.period)
    return (period.before(consumer.period), consumer.period) if budget.since < start else (consumer.period,)


def state(ports: Ports, consumer_id: str) -> tuple[Consumer, Budget, Micros, Micros, Micros]:
    """(consumer, budget, spent, reserved, forecast), at this very moment. Raises Refusal 404."""
    consumer = budgeting.current(ports, consumer_id)
    if consumer.budget is None:
        raise Refusal(404, "not_found", "this consumer has no budget")
    now = ports.clock.now()
    live = ports.sessions.live_of(consumer)
    over = [session for session in ports.sessions.unsettled() if session.consumer == consumer_id]
    written = budgeting.written(ports, consumer, consumer.period)[consumer.period]
    found = accounts(ports, consumer.id, [*live, *over], now)
    spent = written + _unwritten(found, consumer.period)
    reserved = consumer.reserved - sum(account.released for account in found if not account.session.final)
    burn = sum(ledger.burn(session, now) for session in live)
    return consumer, consumer.budget, spent, reserved, rules.forecast(spent, burn, consumer.period, now)


def _unwritten(found: Sequence[Account], name: str) -> Micros:
    """Spent in that period by these sessions since it was last written down."""
    changes = [change for account in found for change in account.changes]
    return sum(after.cost - (before.cost if before else 0) for before, after in changes if after.day.startswith(name))


def _tell(ports: Ports, consumer: Consumer, budget: Budget, name: str, spent: Micros) -> None:
    now = ports.clock.now()
    alerts = [
        Alert(
            dedupe_id=f"{consumer.id}:{name}:{share}",
            kind=Kind.BUDGET,
            at=now,
            detail=f"{consumer.id} has spent ${to_dollars(spent):.2f} in {name}: {share:.0%} of the "
            f"{budget.period}'s budget of ${to_dollars(budget.limit):.2f} is reached",
            consumer=consumer.id,
            period=name,
            threshold=share,
        )
        for share in rules.crossed(budget, spent)
    ]
    # One told of a budget that was raised meanwhile would be missing once that one's share is reached.
    tell_again(ports, alerts, lambda: budgeting.current(ports, consumer.id).budget == budget)


def _check_counters(ports: Ports, consumer: Consumer, spent: Micros, live: Sequence[Account]) -> None:
    """Counters only drift when something went very wrong; then the ledger and the sessions' own holds are right."""
    if len(live) != consumer.sessions:
        return  # something is opening or closing just now: the next pass will see it settled
    reserved = _reserved(live)
    if reserved != consumer.reserved:
        over = _unsettled(ports, consumer)
        if over is None:
            return
        reserved += _reserved(accounts(ports, consumer.id, over, ports.clock.now()))
    if budgeting.recount(ports, consumer, spent, reserved):
        log.error(
            "the counters of %s were wrong by %d reserved: put right", consumer.id, consumer.reserved - reserved,
            extra={"consumer": consumer.id},
        )  # fmt: skip


def _unsettled(ports: Ports, consumer: Consumer) -> list[Session] | None:
    """The consumer's sessions that are over and still hold something; None when there are too many to know.

    The index of them lags by moments: one that ended just now is found among the consumer's newest, whose rows tell.
    """
    waiting = ports.sessions.unsettled(_MOST_UNSETTLED)
    if len(waiting) >= _MOST_UNSETTLED:
        return None
    newest = ports.sessions.page(consumer=consumer.id, statuses=FINAL, provider=None, limit=100, cursor=None)
    found = {session.id: session for session in (*waiting, *newest.items) if session.consumer == consumer.id}
    return [session for session in found.values() if session.settled_at is None]


def _reserved(found: Sequence[Account]) -> Micros:
    return sum(left(account.session.hold, account.stored) for account in found)
