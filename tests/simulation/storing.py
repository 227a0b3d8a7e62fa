"""The store as the simulation has it: in memory, slow, throttled, losing answers, its callers killed on the way."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from chalicelib.domain.access import Consumer
from chalicelib.domain.admission import ProviderState
from chalicelib.domain.diff import Memory
from chalicelib.domain.errors import Stale, StoreDown
from chalicelib.domain.instant import Instant
from chalicelib.domain.session import Event, Session, Status
from chalicelib.domain.turn import Turn
from chalicelib.ports import Admission, CallKind, Page
from tests.fakes.overrides import MemoryOverrides
from tests.fakes.store import MemoryHealth, MemoryRates, MemoryStore
from tests.simulation.faults import Faults
from tests.simulation.kernel import Kernel
from tests.simulation.ledgers import Ledgers

T = TypeVar("T")
_BEFORE = ("kill", "throttle", "slow_store")
_AFTER = ("kill", "store_timeout")
LAG = 1500
"""Milliseconds in which an index may not know a new row."""


class Table:
    """How any call of the table goes: it takes time, may fail before or after, and its caller may be killed."""

    def __init__(self, kernel: Kernel, faults: Faults, hazard: Callable[[], None], kill: Callable[[], None]) -> None:
        self.kernel = kernel
        self.faults = faults
        self.hazard = hazard
        self.kill = kill
        self.step: Callable[[], None] | None = None
        """Called on both sides of every effect, if there is one; may not return."""
        self.failed: Callable[[], None] = lambda: None
        """Hears of each call that did not do, or did not say, what it was asked for."""
        self.gone = False

    def read(self, effect: Callable[[], T]) -> T:
        self._reach()
        return effect()

    def write(self, effect: Callable[[], T]) -> T:
        self._reach()
        result = effect()
        if self.step is not None:
            self.step()
        trouble, _ = self.faults.pick(_AFTER)
        if trouble == "kill":
            self.kill()
        if trouble is not None:
            self.failed()
            raise StoreDown("the answer was lost")
        return result

    def _reach(self) -> None:
        if self.step is not None:
            self.step()
        trouble, dice = self.faults.pick(_BEFORE)
        if trouble == "kill":
            self.kill()
        self.kernel.pause(dice % (2000 if trouble == "slow_store" else 12))
        if self.gone:
            raise StoreDown("there is no table")
        if trouble == "throttle":
            self.failed()
            raise StoreDown("throttled")


class SimSessions:
    """`Sessions`."""

    def __init__(self, table: Table, store: MemoryStore, ledgers: Ledgers) -> None:
        self._table = table
        self._inner = store.sessions
        self._ledgers = ledgers
        self._rows = store.sessions._rows

    def open(self, session: Session, event: Event, admission: Admission) -> Session:
        def effect() -> Session:
            opened = self._inner.open(session, event, admission)
            self._ledgers.opened(opened)
            return opened

        return self._table.write(effect)

    def replayed(self, consumer_id: str, idempotency_key: str, body_hash: str, now: Instant) -> Session | None:
        return self._table.read(lambda: self._inner.replayed(consumer_id, idempotency_key, body_hash, now))

    def get(self, session_id: str) -> Session | None:
        return self._table.read(lambda: self._rows.get(session_id))

    def save(self, before: Session, after: Session, event: Event | None = None) -> Session:
        def effect() -> Session:
            row = self._rows.get(before.id)
            if row is None or row.version != before.version:
                self._table.failed()
                raise Stale(f"{before.id} is no longer at version {before.version}")
            self._ledgers.saving(row, after, event)
            saved = self._inner.save(before, after, event)
            self._ledgers.saved(saved)
            return saved

        return self._table.write(effect)

    def due(self, statuses: Sequence[Status], before: Instant, limit: int = 100) -> list[Session]:
        return self._settled(self._table.read(lambda: self._inner.due(statuses, before, limit)))

    def live(self, provider: str | None = None, after: str | None = None) -> Iterator[Session]:
        return iter(self._settled(self._table.read(lambda: list(self._inner.live(provider, after)))))

    def live_of(self, consumer: Consumer) -> list[Session]:
        return self._settled(self._table.read(lambda: self._inner.live_of(consumer)))

    def unsettled(self, limit: int = 100) -> list[Session]:
        found = self._table.read(lambda: self._inner.unsettled(limit))
        return self._settled(found, lambda session: session.ended_at or 0)

    def page(
        self,
        *,
        consumer: str | None,
        statuses: Sequence[Status] | None,
        provider: str | None,
        limit: int,
        cursor: str | None,
    ) -> Page[Session]:
        return self._table.read(
            lambda: self._inner.page(
                consumer=consumer, statuses=statuses, provider=provider, limit=limit, cursor=cursor
            )
        )

    def events(self, session_id: str) -> list[Event]:
        return self._table.read(lambda: self._inner.events(session_id))

    def _settled(
        self, found: list[Session], since: Callable[[Session], Instant] = lambda session: session.created_at
    ) -> list[Session]:
        """As an index that lags shows it: without what came into it a moment ago."""
        now = self._table.kernel.time
        fresh = any(now - since(session) < LAG for session in found)
        if fresh and self._table.faults.hits("index_lag"):
            return [session for session in found if now - since(session) >= LAG]
        return found


class SimHealth:
    """`Health`."""

    def __init__(self, table: Table, inner: MemoryHealth, remembered: Callable[[Memory], None]) -> None:
        self._table = table
        self._inner = inner
        self._remembered = remembered

    def provider(self, name: str) -> ProviderState:
        return self._table.read(lambda: self._inner.provider(name))

    def save_provider(self, state: ProviderState) -> ProviderState:
        return self._table.write(lambda: self._inner.save_provider(state))

    def memory(self, provider: str) -> Memory:
        return self._table.read(lambda: self._inner.memory(provider))

    def save_memory(self, memory: Memory) -> Memory:
        def effect() -> Memory:
            saved = self._inner.save_memory(memory)
            self._remembered(saved)
            return saved

        return self._table.write(effect)

    def sweep_done(self, name: str, at: Instant) -> None:
        self._table.write(lambda: self._inner.sweep_done(name, at))

    def sweeps(self) -> Mapping[str, Instant]:
        return self._table.read(self._inner.sweeps)

    def turn(self, name: str) -> Turn | None:
        return self._table.read(lambda: self._inner.turn(name))

    def save_turn(self, name: str, turn: Turn | None) -> None:
        self._table.write(lambda: self._inner.save_turn(name, turn))


class SimRates:
    """`RateRows`."""

    def __init__(self, table: Table, inner: MemoryRates) -> None:
        self._table = table
        self._inner = inner

    def reserve(
        self,
        provider: str,
        kind: CallKind,
        now: Instant,
        spacing_ms: int,
        burst: int,
        latest: Instant | None = None,
    ) -> Instant:
        return self._table.read(lambda: self._inner.reserve(provider, kind, now, spacing_ms, burst, latest))


class SimOverrides:
    """`Overrides`: not in the table, so it answers when the table is gone."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._inner = MemoryOverrides()
        self.kept = self._inner.kept

    def lengthen(self, session_id: str, until: Instant) -> None:
        self._table.hazard()
        if self._table.faults.hits("override_down"):
            raise StoreDown("out of reach")
        self._inner.lengthen(session_id, until)

    def until(self, session_id: str) -> Instant | None:
        if self._table.faults.hits("override_down"):
            raise StoreDown("out of reach")
        return self._inner.until(session_id)
