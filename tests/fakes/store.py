"""The whole store in memory: the same promises as the table, for unit tests and the simulation."""

from collections.abc import Mapping
from threading import RLock

import msgspec

from chalicelib.domain.admission import ProviderState
from chalicelib.domain.diff import Memory
from chalicelib.domain.errors import Stale
from chalicelib.domain.instant import Instant
from chalicelib.domain.trend import Observation
from chalicelib.domain.turn import Turn
from chalicelib.ports import CallKind, Snapshot, SnapshotHead
from tests.fakes.alerts import MemoryAlerts, MemorySubscriptions
from tests.fakes.memory_access import MemoryAccess
from tests.fakes.memory_ledger import MemoryLedger
from tests.fakes.memory_sessions import MemorySessions

_LANES: tuple[CallKind, ...] = ("create", "destroy", "read", "search")


class MemoryInventory:
    """`Inventory`."""

    def __init__(self, lock: RLock) -> None:
        self._lock = lock
        self._snapshots: dict[str, tuple[str, Snapshot]] = {}
        self._puts = 0
        self._asked_at: Instant | None = None
        self._claimed: dict[str, Instant] = {}

    def put(self, snapshot: Snapshot) -> None:
        with self._lock:
            self._puts += 1
            self._snapshots[snapshot.provider] = (str(self._puts), snapshot)

    def mark_failed(self, provider: str, tried_at: Instant, error: str, limited: bool) -> None:
        with self._lock:
            revision, known = self._snapshots.get(provider) or ("", Snapshot(provider=provider, tried_at=tried_at))
            failed = msgspec.structs.replace(known, tried_at=tried_at, error=error, limited=limited)
            self._snapshots[provider] = (revision, failed)

    def claim(self, provider: str, at: Instant, until: Instant) -> bool:
        with self._lock:
            if self._claimed.get(provider, at) > at:
                return False
            self._claimed[provider] = until
            return True

    def release(self, provider: str, until: Instant) -> None:
        with self._lock:
            if self._claimed.get(provider) == until:
                del self._claimed[provider]

    def head(self, provider: str) -> SnapshotHead | None:
        revision, snapshot = self._snapshots.get(provider) or ("", None)
        if snapshot is None:
            return None
        return SnapshotHead(
            provider=provider,
            revision=revision,
            count=len(snapshot.offers),
            fetched_at=snapshot.fetched_at,
            tried_at=snapshot.tried_at,
            error=snapshot.error,
            limited=snapshot.limited,
        )

    def get(self, provider: str) -> Snapshot | None:
        _, snapshot = self._snapshots.get(provider) or ("", None)
        return snapshot

    def asked(self, at: Instant) -> None:
        with self._lock:
            self._asked_at = max(at, self._asked_at or at)

    def last_asked(self) -> Instant | None:
        return self._asked_at


class MemoryPrices:
    """`Prices`."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, Instant], Observation] = {}

    def record(self, observation: Observation) -> None:
        self._known[observation.provider, observation.hour] = observation

    def since(self, provider: str, hour: Instant) -> list[Observation]:
        return [one for key, one in sorted(self._known.items()) if key[0] == provider and key[1] >= hour]


class MemoryHealth:
    """`Health`."""

    def __init__(self, lock: RLock) -> None:
        self._lock = lock
        self._providers: dict[str, ProviderState] = {}
        self._memories: dict[str, Memory] = {}
        self._sweeps: dict[str, Instant] = {}
        self._turns: dict[str, Turn] = {}

    def provider(self, name: str) -> ProviderState:
        return self._providers.get(name) or ProviderState(provider=name)

    def save_provider(self, state: ProviderState) -> ProviderState:
        with self._lock:
            if self.provider(state.provider).version != state.version:
                raise Stale(f"the state of {state.provider} is no longer at version {state.version}")
            saved = msgspec.structs.replace(state, version=state.version + 1)
            self._providers[state.provider] = saved
            return saved

    def memory(self, provider: str) -> Memory:
        return self._memories.get(provider) or Memory(provider=provider)

    def save_memory(self, memory: Memory) -> Memory:
        with self._lock:
            if self.memory(memory.provider).version != memory.version:
                raise Stale(f"the memory of {memory.provider} is no longer at version {memory.version}")
            saved = msgspec.structs.replace(memory, version=memory.version + 1)
            self._memories[memory.provider] = saved
            return saved

    def sweep_done(self, name: str, at: Instant) -> None:
        with self._lock:
            self._sweeps[name] = max(at, self._sweeps.get(name, at))

    def sweeps(self) -> Mapping[str, Instant]:
        with self._lock:
            return dict(self._sweeps)

    def turn(self, name: str) -> Turn | None:
        return self._turns.get(name)

    def save_turn(self, name: str, turn: Turn | None) -> None:
        with self._lock:
            if turn is None:
                self._turns.pop(name, None)
            else:
                self._turns[name] = turn


class MemoryRates:
    """`RateRows`: per lane, the moment at which it would be idle again."""

    def __init__(self, lock: RLock) -> None:
        self._lock = lock
        self._idle_at: dict[tuple[str, CallKind], Instant] = {}

    def reserve(
        self,
        provider: str,
        kind: CallKind,
        now: Instant,
        spacing_ms: int,
        burst: int,
        latest: Instant | None = None,
    ) -> Instant:
        with self._lock:
            absurd = max(latest or now, now) + (burst + 1) * spacing_ms + 60_000
            for lane in _LANES:
                if self._idle_at.get((provider, lane), now) > absurd:
                    del self._idle_at[provider, lane]
            slot = max(now, self._idle_at.get((provider, kind), now) - (burst - 1) * spacing_ms)
            if latest is not None and slot > max(latest, now):
                return slot
            self._advance(provider, kind, now, spacing_ms)
            if kind == "destroy":
                for other in _LANES:
                    if other != kind:
                        self._advance(provider, other, slot, spacing_ms)
            return slot

    def _advance(self, provider: str, kind: CallKind, at: Instant, spacing_ms: int) -> None:
        self._idle_at[provider, kind] = max(at, self._idle_at.get((provider, kind), at)) + spacing_ms


class MemoryStore:
    """All collections; those that move together behind one lock: every call is one atomic step, safe under threads."""

    def __init__(self) -> None:
        lock = RLock()
        self.access = MemoryAccess(lock)
        self.sessions = MemorySessions(lock, self.access)
        self.ledger = MemoryLedger(lock, self.access, self.sessions)
        self.inventory = MemoryInventory(lock)
        self.prices = MemoryPrices()
        self.health = MemoryHealth(lock)
        self.rates = MemoryRates(lock)
        self.alerts = MemoryAlerts()
        self.subscriptions = MemorySubscriptions()
