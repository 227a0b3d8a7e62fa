"""The simulators as `Market`s of the contract suite: the real adapter, over HTTP, against a market in this process."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from chalicelib.domain.instant import SECOND, Instant
from chalicelib.domain.offer import Offer
from chalicelib.domain.policy import Policy
from chalicelib.ports import Provider
from chalicelib.providers.http import Http
from chalicelib.providers.tensordock import TensorDock
from chalicelib.providers.vastai import VastAi
from simulators.clock import ManualClock
from simulators.faults import Fault
from simulators.start import Simulator, start_tensordock, start_vastai
from simulators.tensordock.market import TensorDockMarket
from simulators.vastai.market import VastMarket
from tests.fakes.gate import OpenGate

KEY = "sim-key"

M = TypeVar("M", bound="VastMarket | TensorDockMarket")


class MarketTime:
    """`Clock` that shows the market's own time."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock

    def now(self) -> Instant:
        return round(self._clock.now() * SECOND)

    def sleep(self, seconds: float) -> None:
        self._clock.advance(seconds)


class SimulatedMarket(ABC, Generic[M]):
    """What both markets have in common."""

    provider: Provider
    unknown_id: str
    broken_list: str
    """The fault that makes the list of machines unreadable."""

    def __init__(self, simulator: Simulator[M], clock: MarketTime) -> None:
        self.market = simulator.market
        self.clock = clock

    def let_boot(self, instance_id: str) -> None:
        self.market.advance(2 * self.market.options.boot_seconds)

    def let_die(self) -> None:
        self.market.advance(self.market.options.lag_seconds)

    @abstractmethod
    def withdraw(self, offer: Offer) -> None: ...

    def rent_by_hand(self, tag: str) -> str:
        with self.market.transaction() as now:
            return str(self.market.plant(tag, now).id)

    def break_credentials(self) -> None:
        self.strike("any.auth")

    def break_list(self) -> None:
        self.strike(self.broken_list)

    def break_down(self) -> None:
        self.strike("any.outage")

    def limit(self) -> None:
        self.strike("any.rate_limited")

    def lose_next_create(self) -> None:
        self.strike("create.error", count=1, params={"effect": True})

    def repair(self) -> None:
        with self.market.transaction():
            self.market.state.faults.clear()

    def strike(self, name: str, **how: Any) -> None:
        """Switch a fault of the simulator on; `how` are the fields of `Fault`."""
        with self.market.transaction() as now:
            self.market.state.faults.set(Fault(name, **how), now)


class SimulatedVastAi(SimulatedMarket[VastMarket]):
    unknown_id = "4711"
    broken_list = "list.partial"

    def __init__(self, simulator: Simulator[VastMarket], clock: MarketTime) -> None:
        super().__init__(simulator, clock)
        self.provider = VastAi(Http("vastai", simulator.url, KEY, Policy(), OpenGate(), clock), clock)

    def withdraw(self, offer: Offer) -> None:
        with self.market.transaction():
            self.market.book.take(self.market.book.asks[int(offer.provider_offer_id)])


class SimulatedTensorDock(SimulatedMarket[TensorDockMarket]):
    unknown_id = "00000000-0000-4000-8000-000000004711"
    broken_list = "list.shape"

    def __init__(self, simulator: Simulator[TensorDockMarket], clock: MarketTime) -> None:
        super().__init__(simulator, clock)
        self.provider = TensorDock(Http("tensordock", simulator.url, KEY, Policy(), OpenGate(), clock), clock, 30.0)

    def withdraw(self, offer: Offer) -> None:
        location_id, _, v0_name = offer.provider_offer_id.partition(":")
        with self.market.transaction():
            stock = self.market.stockroom.find(location_id, v0_name)
            assert stock is not None
            stock.count = 0


@contextmanager
def simulated_vastai() -> Iterator[SimulatedVastAi]:
    clock = ManualClock()
    with start_vastai(clock=clock, api_key=KEY) as simulator:
        yield SimulatedVastAi(simulator, MarketTime(clock))


@contextmanager
def simulated_tensordock(**options: Any) -> Iterator[SimulatedTensorDock]:
    clock = ManualClock()
    with start_tensordock(clock=clock, api_key=KEY, **options) as simulator:
        yield SimulatedTensorDock(simulator, MarketTime(clock))
