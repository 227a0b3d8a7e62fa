"""Markets to look at and a store that counts, for the tests of browsing and refreshing."""

from collections import Counter
from collections.abc import Callable, Sequence
from threading import RLock

from msgspec.structs import replace

from chalicelib.domain.instant import Instant
from chalicelib.domain.offer import Offer
from chalicelib.ports import Clock, Ports, Snapshot, SnapshotHead
from tests.builders import an_offer
from tests.fakes.provider import FakeProvider
from tests.fakes.store import MemoryInventory
from tests.world import World


class Stall(FakeProvider):
    """A market that lets a test step in before it answers a search."""

    def __init__(self, name: str, clock: Clock, offers: Sequence[Offer]) -> None:
        super().__init__(name, clock, offers)
        self.before: Callable[[bool], None] = lambda spot: None
        self.searched: list[str] = []

    def search(self, *, spot: bool) -> list[Offer]:
        self.searched.append("spot" if spot else "on demand")
        self.before(spot)
        return super().search(spot=spot)


class CountingInventory(MemoryInventory):
    """Counts what is asked of it."""

    def __init__(self) -> None:
        super().__init__(RLock())
        self.calls: Counter[str] = Counter()

    def head(self, provider: str) -> SnapshotHead | None:
        self.calls["head"] += 1
        return super().head(provider)

    def get(self, provider: str) -> Snapshot | None:
        self.calls["get"] += 1
        return super().get(provider)

    def put(self, snapshot: Snapshot) -> None:
        self.calls["put"] += 1
        super().put(snapshot)

    def asked(self, at: Instant) -> None:
        self.calls["asked"] += 1
        super().asked(at)


def one_by_one(looks: Sequence[Callable[[], None]]) -> None:
    for look in looks:
        look()


class Market:
    """Two markets on a virtual clock, nothing seen of them yet, and nobody asking."""

    def __init__(self, **environ: str) -> None:
        self.world = World(environ=environ)
        self.clock = self.world.clock
        self.wakeups = self.world.wakeups
        self.inventory = CountingInventory()
        self.vastai = Stall(
            "vastai",
            self.clock,
            [an_offer(id="vastai:1"), an_offer(id="vastai:1:spot", spot=True, gpu_per_hour=0.2)],
        )
        row = an_offer(id="tensordock:oslo:rtx4090", provider="tensordock", machine_id=None, max_gpu_count=4)
        self.tensordock = Stall("tensordock", self.clock, [row])
        self.ports: Ports = replace(
            self.world.ports,
            inventory=self.inventory,
            providers={"vastai": self.vastai, "tensordock": self.tensordock},
        )

    def snapshot(self, provider: str = "vastai") -> Snapshot:
        found = self.inventory.get(provider)
        assert found is not None
        return found

    def ids(self, provider: str = "vastai") -> list[str]:
        return sorted(offer.id for offer in self.snapshot(provider).offers)
