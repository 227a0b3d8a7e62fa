"""A consumer's budget: set it, know what is left of it, and refuse what it does not cover."""

import msgspec

from chalicelib.domain import budget as rules
from chalicelib.domain import period
from chalicelib.domain.access import Consumer
from chalicelib.domain.budget import Budget
from chalicelib.domain.errors import Refusal, Stale, StoreDown
from chalicelib.domain.money import Micros
from chalicelib.ports import Ports

_TRIES = 8


def current(ports: Ports, consumer_id: str, known: Consumer | None = None) -> Consumer:
    """The consumer with its counters in the period that it is now. `known`: as it was read a moment ago.

    Raises Refusal 404.
    """
    for _ in range(_TRIES):
        consumer, known = known or ports.access.consumer(consumer_id), None
        if consumer is None:
            raise Refusal(404, "not_found", "no such consumer")
        if consumer.budget is None or consumer.period >= period.containing(consumer.budget.period, ports.clock.now()):
            return consumer
        try:
            return _counted(ports, consumer, consumer.budget)
        except Stale:
            continue
    raise StoreDown("the consumer's budget is too busy")


def afford(ports: Ports, consumer_id: str, more: Micros) -> None:
    """Raises Refusal 402 `budget_exceeded` when so much more may not be set aside. The store has the last word."""
    consumer = current(ports, consumer_id)
    refusal = rules.exceeded(consumer.budget, consumer.booked, more)
    if refusal is not None:
        raise refusal


def put(ports: Ports, consumer_id: str, budget: Budget) -> Consumer:
    """From now on this is the budget, even when more than that is spent already. Raises Refusal 404."""
    for _ in range(_TRIES):
        try:
            return _counted(ports, current(ports, consumer_id), budget)
        except Stale:
            continue
    raise StoreDown("the consumer's budget is too busy")


def recount(ports: Ports, consumer: Consumer, spent: Micros, reserved: Micros) -> bool:
    """Put the counters right if they are not what ledger and holds say; False when they were, or just moved."""
    after = msgspec.structs.replace(consumer, reserved=reserved, booked=spent + reserved)
    if after == consumer:
        return False
    try:
        ports.access.save_budget(consumer, after)
    except Stale:
        return False
    return True


def _counted(ports: Ports, consumer: Consumer, budget: Budget) -> Consumer:
    """`booked` anew for the period that it is now. Raises Stale."""
    name = period.containing(budget.period, ports.clock.now())
    booked = written(ports, consumer, name)[name] + consumer.reserved
    after = msgspec.structs.replace(consumer, budget=budget, period=name, booked=booked)
    ports.access.save_budget(consumer, after)
    return after


def written(ports: Ports, consumer: Consumer, *names: str) -> dict[str, Micros]:
    """What the ledger holds of each of these days or months, which follow one another."""
    start, end = period.bounds(names[0])[0], period.bounds(names[-1])[1]
    found = dict.fromkeys(names, 0)
    for total in ports.ledger.totals(consumer.id, period.day(start), period.day(end - 1)):
        for name in names:
            found[name] += total.cost if total.day.startswith(name) else 0
    return found
