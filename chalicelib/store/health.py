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

from chalicelib.domain.admission import ProviderState
from chalicelib.domain.diff import Memory
from chalicelib.domain.errors import Stale
from chalicelib.domain.instant import Instant
from chalicelib.domain.turn import Turn
from chalicelib.store.records import Rows, changes, read, values
from chalicelib.store.table import Row, Table
from chalicelib.store.trouble import Lost

V = TypeVar("V", ProviderState, Memory)


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """A sweep that completed."""

    at: Instant


class DynamoHealth:
    """`Health`."""

    _providers = Rows(ProviderState)
    _memories = Rows(Memory)
    _sweeps = Rows(Done)
    _turns = Rows(Turn)

    def __init__(self, table: Table) -> None:
        self._table = table

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
        column = self._sweeps.get_attributes()["at"]
        later = column.does_not_exist() | (column < at)
        with suppress(Lost):  # a late or second run tells nothing new
            self._table.run(lambda: self._sweeps("SWEEPS", name).update([column.set(at)], later))

    def sweeps(self) -> Mapping[str, Instant]:
        return {row.sk: read(row, Done).at for row in self._table.find(self._sweeps, "SWEEPS")}

    def turn(self, name: str) -> Turn | None:
        row = self._table.get(self._turns, "TURNS", name)
        return read(row, Turn) if row is not None else None

    def save_turn(self, name: str, turn: Turn | None) -> None:
        if turn is None:
            self._table.run(self._turns("TURNS", name).delete)
        else:
            self._table.run(self._turns("TURNS", name, **values(turn)).save)

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
