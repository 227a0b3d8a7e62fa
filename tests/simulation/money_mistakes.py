"""Mistakes with money, as patches of the service: see `bugs` for what each of them is."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import msgspec

from chalicelib.domain import billing, invoice, ledger, metering
from chalicelib.domain.access import Consumer
from chalicelib.domain.attempt import Attempt
from chalicelib.domain.budget import Budget
from chalicelib.domain.errors import Refusal, ShopperError, StoreDown
from chalicelib.domain.instance import Instance
from chalicelib.domain.instant import HOUR, Instant
from chalicelib.domain.money import Micros
from chalicelib.domain.posting import Change
from chalicelib.domain.session import Session
from chalicelib.ports import Ports
from chalicelib.sweeps import alert
from chalicelib.usecases import accruing, budgeting, ending, enforcing, invoicing
from tests.fakes import memory_ledger, memory_sessions
from tests.simulation import money
from tests.simulation.mistakes import Patches

_rewrite, _settle, _seen, _current = accruing.rewrite, accruing.settle, metering._seen, budgeting.current
_tell, _cost = enforcing._tell, ledger._cost


def whole_hours() -> Patches:
    def cost(segments: tuple[ledger.Segment, ...]) -> Micros:
        begun = [one.until if one.kind == "correction" else one.since + -(-(one.until - one.since) // HOUR) * HOUR
                 for one in segments]  # fmt: skip
        pairs = zip(segments, begun, strict=True)
        return _cost(tuple(msgspec.structs.replace(one, until=until) for one, until in pairs))

    return [(ledger, "_cost", cost)]


def tick_counted_twice() -> Patches:
    def sums(lines: Sequence[Change]) -> list[ledger.Total]:
        return [
            ledger.Total(consumer=one.consumer, day=one.day, provider=one.provider, gpu=one.gpu, cost=one.cost)
            for _, one in lines
        ]

    return [(memory_ledger, "sums", sums)]


def settled_twice() -> Patches:
    def settle(ports: Ports, session: Session) -> None:
        try:
            _settle(ports, session)
        except StoreDown:
            again = ports.sessions.get(session.id)
            if again is not None:
                now = ports.clock.now()
                _rewrite(ports, again, msgspec.structs.replace(again, settled_at=now), released_whole=True)

    return [(module, "settle", settle) for module in (accruing, ending)]


def price_change_ignored() -> Patches:
    def seen(attempt: Attempt, machine: Instance, at: Instant) -> Attempt:
        return _seen(attempt, msgspec.structs.replace(machine, price_per_hour=None), at)

    return [(metering, "_seen", seen)]


def dearest_rule_everywhere() -> Patches:
    return [(money, "BILLING", dict.fromkeys(money.BILLING, billing.Billing()))]


def hold_never_released() -> Patches:
    def rewrite(ports: Ports, before: Session, after: Session, *, released_whole: bool = False) -> None:
        _rewrite(ports, before, after)

    return [(accruing, "rewrite", rewrite)]


def budget_looked_at_beforehand() -> Patches:
    return [(memory_sessions, "budget", SimpleNamespace(exceeded=lambda budget, booked, more: None))]


def reserved_is_spent() -> Patches:
    def tell(ports: Ports, consumer: Consumer, budget: Budget, name: str, spent: Micros) -> None:
        _tell(ports, consumer, budget, name, spent + consumer.reserved)

    return [(enforcing, "_tell", tell)]


def sent_before_it_went() -> Patches:
    def send(ports: Ports, limit: int = 100) -> int:
        waiting = ports.alerts.pending(limit)
        for one in waiting:
            ports.alerts.mark_sent(one.dedupe_id, ports.clock.now())
            try:
                ports.notifier.publish(one)
            except ShopperError:
                continue
        return len(waiting)

    return [(alert, "send_pending", send)]


def period_never_ends() -> Patches:
    def current(ports: Ports, consumer_id: str, known: Consumer | None = None) -> Consumer:
        known = known or ports.access.consumer(consumer_id)
        if known is None:
            raise Refusal(404, "not_found", "no such consumer")
        return known if known.period else _current(ports, consumer_id)

    return [(module, "current", current) for module in (budgeting, accruing)]


def told_once_for_good() -> Patches:
    def tell(ports: Ports, consumer: Consumer, budget: Budget, name: str, spent: Micros) -> None:
        known = ports.alerts.page(consumer=consumer.id, limit=100, cursor=None).items
        told = {one.threshold for one in known}
        fresh = tuple(share for share in budget.thresholds if share not in told)
        _tell(ports, consumer, msgspec.structs.replace(budget, thresholds=fresh), name, spent)

    return [(enforcing, "_tell", tell)]


def invoice_entered_again() -> Patches:
    def compare(sessions: Any, charges: Any, now: Instant, name: str) -> invoice.Comparison:
        found = invoice.compare([msgspec.structs.replace(one, corrections=()) for one in sessions], charges, now, name)
        rows = {one.id: one for one in sessions}
        return msgspec.structs.replace(
            found, drifts=tuple(msgspec.structs.replace(one, session=rows[one.session.id]) for one in found.drifts)
        )

    return [(invoicing, "compare", compare)]
