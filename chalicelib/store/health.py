"""What all processes know of the providers' and the sweeps' health.

`HEALTH#provider / ROW`   breaker, last complete list, last error; on condition of its version
`HEALTH#provider / MEMORY` what reconcile remembers from one pass to the next; on condition of its version
`SWEEPS / name`           when that sweep last completed
`TURNS / name`            where a run of it that was out of time stopped
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import TypeVar

import msgspec
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.domain.admission import ProviderState
from chalicelib.domain.diff import Memory
from chalicelib.domain.errors import Stale
from chalicelib.domain.instant import Instant
from chalicelib.domain.turn import Turn
from chalicelib.store.records import changes, read, row_of, values
from chalicelib.store.table import Row, Table
from chalicelib.store.trouble import Lost

ProviderRow = row_of(ProviderState)
MemoryRow = row_of(Memory)


V = TypeVar("V", ProviderState, Memory)


class SweepRow(Row):
    at: NumberAttribute = NumberAttribute()


class TurnRow(Row):
    place: UnicodeAttribute = UnicodeAttribute()
    until: NumberAttribute = NumberAttribute()


class DynamoHealth:
    """`Health`."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._providers = table.bind(ProviderRow)
        self._memories = table.bind(MemoryRow)
        self._sweeps = table.bind(SweepRow)
        self._turns = table.bind(TurnRow)

    def provider(self, name: str) -> ProviderState:
        row = self._table.get(self._providers, _key(name), "ROW")
        return read(row, ProviderState) if row is not None else ProviderState(provider=name)

    def save_provider(self, state: ProviderState) -> ProviderState:
        return self._save(self._providers, "ROW", state)

    def memory(self, provider: str) -> Memory:
        row = self._table.get(self._memories, _key(provider), "MEMORY")
        return read(row, Memory) if row is not None else Memory(provider=provider)

    def save_memory(self, memory: Memory) -> Memory:
        return self._save(self._memories, "MEMORY", memory)

    def sweep_done(self, name: str, at: Instant) -> None:
        later = self._sweeps.at.does_not_exist() | (self._sweeps.at < at)
        with suppress(Lost):  # a late or second run tells nothing new
            self._table.run(lambda: self._sweeps("SWEEPS", name).update([self._sweeps.at.set(at)], later))

    def sweeps(self) -> Mapping[str, Instant]:
        return {row.sk: int(row.at) for row in self._table.find(self._sweeps, "SWEEPS")}

    def turn(self, name: str) -> Turn | None:
        row = self._table.get(self._turns, "TURNS", name)
        return Turn(place=row.place, until=int(row.until)) if row is not None else None

    def save_turn(self, name: str, turn: Turn | None) -> None:
        if turn is None:
            self._table.run(self._turns("TURNS", name).delete)
        else:
            self._table.run(self._turns("TURNS", name, place=turn.place, until=turn.until).save)

    def _save(self, rows: type[Row], sk: str, record: V) -> V:
        """Write it whole on condition of its version; returns it with the next one. Raises Stale."""
        saved = msgspec.structs.replace(record, version=record.version + 1)
        version = rows.get_attributes()["version"]
        same = version == record.version if record.version else version.does_not_exist()
        actions = changes(rows, dict.fromkeys(saved.__struct_fields__), values(saved))
        row = rows(_key(record.provider), sk)
        try:
            self._table.run(lambda: row.update(actions, same))
        except Lost as error:
            raise Stale(f"{sk} of {record.provider} is no longer at version {record.version}") from error
        return saved


def _key(provider: str) -> str:
    return f"HEALTH#{provider}"
