"""One pace per provider and lane, shared by all processes: a slot is taken by a single conditional addition.

`RATE#provider / ROW` holds, for each lane, the moment at which the lane would be idle again (GCRA). Taking a
slot moves that moment on by the spacing: from now if the lane is idle, from where it is if it is not. Either
update says in its condition which of the two it believed; as moments only grow, at most a few tries decide.
"""

from functools import partial
from typing import get_args

from pynamodb.attributes import NumberAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.domain.errors import StoreDown
from chalicelib.domain.instant import Instant, Millis
from chalicelib.ports import CallKind
from chalicelib.store.table import Row, Table
from chalicelib.store.trouble import TRIES, Lost

_LANES: tuple[CallKind, ...] = get_args(CallKind)
_MINUTE: Millis = 60_000
"""Nobody takes a slot that far away. A lane that says so was written by a clock that was wrong: it starts afresh, or
nothing could be looked at, or ended, until that day."""


class RateRow(Row):
    create: NumberAttribute = NumberAttribute(null=True)
    destroy: NumberAttribute = NumberAttribute(null=True)
    read: NumberAttribute = NumberAttribute(null=True)
    search: NumberAttribute = NumberAttribute(null=True)


class DynamoRates:
    """`RateRows`."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._rows = table.bind(RateRow)

    def reserve(
        self,
        provider: str,
        kind: CallKind,
        now: Instant,
        spacing_ms: int,
        burst: int,
        latest: Instant | None = None,
    ) -> Instant:
        tolerance = (burst - 1) * spacing_ms
        absurd = max(latest or now, now) + tolerance + 2 * spacing_ms + _MINUTE
        most = None if latest is None else max(latest, now) + tolerance
        idle_at, taken = self._advance(provider, kind, now, spacing_ms, most, absurd)
        slot = max(now, idle_at - tolerance)
        if kind == "destroy" and taken:
            for other in _LANES:
                if other != kind:
                    self._advance(provider, other, slot, spacing_ms, None, absurd)
        return slot

    def _advance(
        self, provider: str, kind: CallKind, at: Instant, spacing: Millis, most: Instant | None, absurd: Instant
    ) -> tuple[Instant, bool]:
        """(when the lane would have been idle, whether it was moved on); it is not if that is later than `most`."""
        lane = self._rows.get_attributes()[kind]
        idle = lane.does_not_exist() | (lane < at) | (lane > absurd)
        busy = lane.between(at, absurd if most is None else most)
        for _ in range(TRIES):
            if self._update(provider, lane.set(at + spacing), idle) is not None:
                return at, True
            moved = self._update(provider, lane.set(lane + spacing), busy)
            if moved is not None:
                return int(getattr(moved, kind)) - spacing, True
            row = self._table.get(self._rows, f"RATE#{provider}", "ROW")
            idle_at = int(getattr(row, kind) or 0) if row is not None else 0
            if most is not None and most < idle_at <= absurd:
                return idle_at, False
        raise StoreDown("the rate row is too busy")

    def _update(self, provider: str, action: Action, condition: Condition) -> RateRow | None:
        """The row after the action; None if the condition did not hold."""
        row = self._rows(f"RATE#{provider}", "ROW")
        try:
            self._table.run(partial(row.update, [action], condition))
        except Lost:
            return None
        return row
