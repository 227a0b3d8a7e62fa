"""A whole service in memory on a virtual clock: fake markets, queue and store, and the sweeps that the clock wakes."""

from collections.abc import Sequence
from typing import Any

import msgspec

from chalicelib import settings, sweeps
from chalicelib.domain.access import Caller, Consumer, KeyRecord, Role
from chalicelib.domain.instant import SECOND, Instant, seconds
from chalicelib.domain.offer import Offer
from chalicelib.domain.schedule import WOKEN
from chalicelib.domain.session import Order, Session
from chalicelib.ports import Ports, Secrets, Snapshot
from chalicelib.usecases import renting, stepping
from tests.builders import NOW, SIGNING_KEY, a_consumer, an_offer, an_order
from tests.fakes.alerts import MemoryNotifier
from tests.fakes.clock import ManualClock
from tests.fakes.gate import OpenGate
from tests.fakes.ids import CountedIds
from tests.fakes.metrics import MemoryMetrics
from tests.fakes.overrides import MemoryOverrides
from tests.fakes.provider import FakeProvider
from tests.fakes.ssh import FakeSsh
from tests.fakes.store import MemoryStore
from tests.fakes.wakeups import MemoryWakeups


class World:
    """`rent`, then `run` the clock; `market` is the fake market, `store` what the table would hold."""

    def __init__(
        self,
        *,
        offers: Sequence[Offer] | None = None,
        environ: dict[str, str] | None = None,
        local: bool = False,
        **market: Any,
    ) -> None:
        self.clock = ManualClock(NOW)
        self.store = MemoryStore()
        self.market = FakeProvider("vastai", self.clock, [an_offer()] if offers is None else offers, **market)
        self.wakeups = MemoryWakeups(self.clock)
        self.ssh = FakeSsh([self.market])
        self.gate = OpenGate()
        self.overrides = MemoryOverrides()
        self.alerts = self.store.alerts
        self.notifier = MemoryNotifier()
        self.subscriptions = self.store.subscriptions
        self.metrics = MemoryMetrics()
        self.consumer = a_consumer(max_sessions=50, max_price_per_hour=100_000_000)
        self.operator = a_consumer(id="operator", role=Role.OPERATOR, max_sessions=50, max_price_per_hour=100_000_000)
        for consumer in (self.consumer, self.operator):
            self.store.access.put_consumer(consumer, create=True)
            self.store.access.put_key(KeyRecord(id=f"k-{consumer.id}", consumer=consumer.id, digest="", created_at=NOW))
        self.ports = Ports(
            settings=settings.load(
                {
                    "SHOPPER_DEPLOYMENT": "test",
                    **({} if local else {"AWS_LAMBDA_FUNCTION_NAME": "test"}),
                    **(environ or {}),
                }
            ),
            secrets=Secrets(signing_keys=(SIGNING_KEY,), pepper=b"pepper"),
            clock=self.clock,
            ids=CountedIds(),
            sessions=self.store.sessions,
            access=self.store.access,
            ledger=self.store.ledger,
            inventory=self.store.inventory,
            prices=self.store.prices,
            health=self.store.health,
            providers={"vastai": self.market},
            gate=self.gate,
            wakeups=self.wakeups,
            ssh=self.ssh,
            overrides=self.overrides,
            alerts=self.alerts,
            notifier=self.notifier,
            subscriptions=self.subscriptions,
            metrics=self.metrics,
        )
        self.sweeps: tuple[str, ...] = (
            "launch",
            "expire",
            "terminate",
            "watch",
            "reconcile",
            "accrue",
            "janitor",
            "alert",
        )
        self.deaf = False
        """Every message of the queue is lost."""
        self._next_minute = self.clock.now()
        self.list_offers()

    def list_offers(self) -> None:
        """What the inventory sweep would store."""
        now = self.clock.now()
        offers = tuple(msgspec.structs.replace(offer, fetched_at=now) for offer in self.market.offers.values())
        self.store.inventory.put(Snapshot(provider="vastai", offers=offers, fetched_at=now, tried_at=now))

    def rent(
        self, *, consumer: Consumer | None = None, hours: float = 1.0, key: str | None = None, **order: object
    ) -> Session:
        payer = consumer or self.consumer
        return renting.rent(
            self.ports,
            caller=Caller(consumer=payer, key_id=f"k-{payer.id}"),
            consumer=payer,
            order=self._order(order),
            hours=hours,
            idempotency_key=key,
            body_hash=str(sorted(order)),
        )

    def again(self, session: Session) -> Session:
        found = self.store.sessions.get(session.id)
        assert found is not None
        return found

    def statuses(self, session: Session) -> list[str]:
        return [event.after.value for event in self.store.sessions.events(session.id)]

    def run(self, length: float) -> Instant:
        """Let so many seconds go by: messages are delivered when due, each sweep runs every minute."""
        end = self.clock.now() + seconds(length)
        while True:
            message_at = self.wakeups.due_at()
            at = min(self._next_minute, message_at if message_at is not None else end + 1)
            if at > end:
                self._move_to(end)
                return end
            self._move_to(at)
            if message_at is not None and message_at <= self.clock.now():
                self._deliver()
            else:
                passed = (self._next_minute - NOW) / SECOND
                self._next_minute += 60 * SECOND
                for name in self.sweeps:
                    if passed % WOKEN[name] == 0:
                        sweeps.wake(name, self.ports)

    def _deliver(self) -> None:
        kind, what = self.wakeups.pop()
        if kind == "session" and not self.deaf:
            stepping.step(self.ports, what)

    def _move_to(self, at: Instant) -> None:
        self.clock.advance(max(0, at - self.clock.now()) / SECOND)

    def _order(self, changes: dict[str, object]) -> Order:
        if "requirements" in changes:
            changes = {"offer_id": None, "max_attempts": 3, **changes}
        return an_order(**changes)
