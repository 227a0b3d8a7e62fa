"""A consumer's budget, and how much of it is left."""

from chalicelib.api.answers import Budget as BudgetAnswer
from chalicelib.api.calls import Answer, Call
from chalicelib.api.consumers import named
from chalicelib.api.models import BudgetBody
from chalicelib.api.orders import price
from chalicelib.domain.budget import Budget
from chalicelib.domain.errors import Refusal, invalid
from chalicelib.domain.money import to_dollars
from chalicelib.usecases import budgeting, enforcing


def show(call: Call[None]) -> Answer:
    consumer = named(call.params["consumer"])
    if not call.caller.is_operator and consumer != call.caller.consumer.id:
        raise Refusal(404, "not_found", "no such consumer")
    return Answer(200, _answer(call, consumer))


def put(call: Call[BudgetBody]) -> Answer:
    """It acts at once: thresholds already crossed are told of, and what it no longer pays for ends."""
    consumer, body = named(call.params["consumer"]), call.body
    if body.consumer not in (None, consumer):
        raise invalid("consumer", "the path names another one")
    if len(set(body.thresholds)) < len(body.thresholds):
        raise invalid("thresholds", "each one once")
    budget = Budget(
        period=body.period,
        limit=price("limit", body.limit) or 0,
        thresholds=tuple(sorted(body.thresholds)),
        on_exceeded=body.on_exceeded,
        since=call.now,
    )
    enforcing.tell_of_last_period(call.ports, consumer)
    budgeting.put(call.ports, consumer, budget)
    enforcing.enforce(call.ports, consumer)
    return Answer(200, _answer(call, consumer))


def _answer(call: Call[None] | Call[BudgetBody], consumer: str) -> BudgetAnswer:
    known, budget, spent, reserved, forecast = enforcing.state(call.ports, consumer)
    return {
        "consumer": known.id,
        "period": budget.period,
        "limit": to_dollars(budget.limit),
        "thresholds": list(budget.thresholds),
        "on_exceeded": budget.on_exceeded,
        "spent": to_dollars(spent),
        "reserved": to_dollars(reserved),
        "forecast": to_dollars(forecast),
    }
