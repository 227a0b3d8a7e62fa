"""Hold budgets against what was spent: tell once a threshold and period, and end what a budget no longer pays for."""

import logging
from collections.abc import Sequence

from chalicelib.domain import budget as rules
from chalicelib.domain import ledger, period
from chalicelib.domain.access import Consumer
from chalicelib.domain.alert import Alert, Kind
from chalicelib.domain.budget import Budget, left
from chalicelib.domain.errors import Refusal
from chalicelib.domain.money import Micros, to_dollars
from chalicelib.domain.session import EndReason, Session
from chalicelib.ports import Ports
from chalicelib.usecases import budgeting, lifecycle
from chalicelib.usecases.accruing import accounts
from chalicelib.usecases.alerting import tell

log = logging.getLogger(__name__)


def enforce_all(ports: Ports) -> None:
    """Every consumer's budget, and its counters against ledger and holds."""
    cursor: str | None = None
    while True:
        page = ports.access.consumers(100, cursor)
        for consumer in page.items:
            if consumer.budget is None and not consumer.reserved and not consumer.sessions:
                continue
            try:
                enforce(ports, consumer.id)
            except Exception:
                log.exception("the budget of %s could not be looked at", consumer.id, extra={"consumer": consumer.id})
        cursor = page.next_cursor
        if cursor is None:
            return


def enforce(ports: Ports, consumer_id: str) -> None:
    """1. The counters put right.  2. Each threshold of this period, and of the last one if it ended under this very
    budget, is told of once.  3. Where the budget says so, what still runs begins to end."""
    consumer = budgeting.current(ports, consumer_id)
    live = ports.sessions.live_of(consumer)
    _check_counters(ports, consumer, live)
    budget = consumer.budget
    if budget is None:
        return
    this = consumer.period
    start, _ = period.bounds(this)
    for name in (period.before(this), this) if budget.since < start else (this,):
        _tell(ports, consumer, budget, name, spent_in(ports, consumer, name, live))
    if rules.used_up(budget, spent_in(ports, consumer, this, live)):
        for session in live:
            lifecycle.end(ports, session, EndReason.BUDGET, "service", f"the {budget.period}'s budget is used up")


def spent_in(ports: Ports, consumer: Consumer, name: str, running: Sequence[Session]) -> Micros:
    """In a day or month: what is written down, and what these sessions have cost since."""
    start, end = period.bounds(name)
    written = sum(total.cost for total in ports.ledger.totals(consumer.id, period.day(start), period.day(end - 1)))
    return written + _since(ports, consumer, name, running)[0]


def state(ports: Ports, consumer_id: str) -> tuple[Consumer, Budget, Micros, Micros, Micros]:
    """(consumer, budget, spent, reserved, forecast), at this very moment. Raises Refusal 404."""
    consumer = budgeting.current(ports, consumer_id)
    if consumer.budget is None:
        raise Refusal(404, "not_found", "this consumer has no budget")
    now = ports.clock.now()
    live = ports.sessions.live_of(consumer)
    over = [session for session in ports.sessions.unsettled() if session.consumer == consumer_id]
    spent = spent_in(ports, consumer, consumer.period, [*live, *over])
    reserved = consumer.reserved - _since(ports, consumer, consumer.period, live)[1]
    burn = sum(ledger.burn(session, now) for session in live)
    return consumer, consumer.budget, spent, reserved, rules.forecast(spent, burn, consumer.period, now)


def _since(ports: Ports, consumer: Consumer, name: str, running: Sequence[Session]) -> tuple[Micros, Micros]:
    """(spent in that period, taken from the holds) by these sessions since it was last written down."""
    found = accounts(ports, consumer.id, running, ports.clock.now())
    changes = [change for account in found for change in account.changes]
    spent = sum(after.cost - (before.cost if before else 0) for before, after in changes if after.day.startswith(name))
    return spent, sum(account.released for account in found)


def _tell(ports: Ports, consumer: Consumer, budget: Budget, name: str, spent: Micros) -> None:
    for share in rules.crossed(budget, spent):
        tell(
            ports,
            Alert(
                dedupe_id=f"{consumer.id}:{name}:{share}",
                kind=Kind.BUDGET,
                at=ports.clock.now(),
                detail=f"{consumer.id} has spent ${to_dollars(spent):.2f} in {name}: {share:.0%} of the "
                f"{budget.period}'s budget of ${to_dollars(budget.limit):.2f} is reached",
                consumer=consumer.id,
                period=name,
                threshold=share,
            ),
        )


def _check_counters(ports: Ports, consumer: Consumer, live: Sequence[Session]) -> None:
    """Counters only drift when something went very wrong; then the ledger and the sessions' own holds are right."""
    over = [session for session in ports.sessions.unsettled() if session.consumer == consumer.id]
    if len(live) != consumer.sessions:
        return  # something is opening or closing just now: the next pass will see it settled
    found = accounts(ports, consumer.id, [*live, *over], ports.clock.now())
    reserved = sum(left(account.session.hold, account.stored) for account in found)
    if budgeting.recount(ports, consumer, reserved):
        log.error(
            "the counters of %s were wrong by %d reserved: put right", consumer.id, consumer.reserved - reserved,
            extra={"consumer": consumer.id},
        )  # fmt: skip
