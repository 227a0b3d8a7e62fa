"""Starts fake markets: in this process for tests, or behind the command line."""

import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, TypeVar

import msgspec

from simulators.clock import Clock, RealClock
from simulators.faults import Fault
from simulators.gateway import Gateway
from simulators.ledger import Ledger
from simulators.market import Market
from simulators.router import Door
from simulators.server import HttpServer
from simulators.state import StateFile
from simulators.tensordock import catalogue as tensordock_catalogue
from simulators.tensordock.door import TensorDockDoor
from simulators.tensordock.market import TensorDockMarket, TensorDockOptions, TensorDockState
from simulators.vastai import book as vastai_book
from simulators.vastai import catalogue as vastai_catalogue
from simulators.vastai.door import VastDoor
from simulators.vastai.market import VastMarket
from simulators.vastai.model import VastOptions, VastState

A = TypeVar("A", bound=Market[Any])

# A ticker that slept for longer would notice a stopped process or a changed speed late.
LONGEST_NAP_SECONDS = 1.0


class Simulator(Generic[A]):
    """A running market. `market` is its inside: `.machines`, `.books()`, `.faults`, `.options`."""

    def __init__(self, market: A, door: Door, port: int) -> None:
        self.market = market
        self._server = HttpServer(Gateway(market, door), port)
        self.url = market.base_url = self._server.url
        self._ticker = threading.Thread(target=self._tick, name=f"{market.name}-ticker", daemon=True)
        market.restore()
        with market.transaction():
            market.touch()
        self._server.start()
        self._ticker.start()

    def stop(self) -> None:
        """Close every port. What was saved stays; machines go on costing money while nobody looks."""
        self.market.close()
        self._server.stop()
        self._ticker.join(timeout=5)

    def __enter__(self) -> "Simulator[A]":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def advance(self, seconds: float) -> None:
        """Move the market's clock; everything that falls due happens before this returns."""
        self.market.advance(seconds)

    def fault(
        self,
        name: str,
        *,
        probability: float = 1.0,
        count: int | None = None,
        for_seconds: float | None = None,
        match: dict[str, str] | None = None,
        **params: Any,
    ) -> None:
        """Switch a fault on; see `simulators.faults`."""
        with self.market.transaction() as now:
            self.market.faults.set(Fault(name, probability, count, for_seconds, match or {}, params), now)
            self.market.touch()

    def _tick(self) -> None:
        """Let planned things happen on time even when nobody calls."""
        market = self.market
        while not market.closing.is_set():
            nap = market.wake_in()
            market.planned.wait(LONGEST_NAP_SECONDS if nap is None else min(nap, LONGEST_NAP_SECONDS))
            market.planned.clear()
            if not market.closing.is_set():
                with market.transaction():
                    pass


def start_vastai(
    *,
    port: int = 0,
    seed: int = 1,
    clock: Clock | None = None,
    state: Path | None = None,
    book: Path | None = None,
    **options: Any,
) -> Simulator[VastMarket]:
    """A Vast.ai with an invented market, or the recorded one of `book` (.jsonl.gz); options: `VastOptions`."""
    clock = clock or RealClock()
    chosen = msgspec.convert(options, VastOptions)
    file = StateFile(state) if state else None
    saved = file.load(VastState) if file else None
    if saved is None:
        now = clock.now()
        hosts, asks = vastai_book.read(book, seed, now) if book else (vastai_catalogue.invent(seed, now), [])
        # Beyond all recorded ids, so that a new one is never an old one.
        next_id = max([30_000_000, *(ask.id for ask in asks)]) + seed % 3
        ledger = Ledger(paid_in=chosen.credit)
        saved = VastState(seed=seed, ledger=ledger, settled_at=now, hosts=hosts, asks=asks, next_id=next_id)
        saved.broke = chosen.credit <= 0
    market = VastMarket(chosen, saved, clock, file)
    return Simulator(market, VastDoor(market), port)


def start_tensordock(
    *,
    port: int = 0,
    seed: int = 1,
    clock: Clock | None = None,
    state: Path | None = None,
    book: Path | None = None,
    **options: Any,
) -> Simulator[TensorDockMarket]:
    """A TensorDock with invented locations, or those of `book` (JSON); options: `TensorDockOptions`."""
    clock = clock or RealClock()
    chosen = msgspec.convert(options, TensorDockOptions)
    file = StateFile(state) if state else None
    saved = file.load(TensorDockState) if file else None
    if saved is None:
        now = clock.now()
        locations = tensordock_catalogue.read(book) if book else tensordock_catalogue.invent(seed)
        saved = TensorDockState(seed=seed, ledger=Ledger(paid_in=chosen.credit), settled_at=now, locations=locations)
        saved.broke = chosen.credit <= 0
    market = TensorDockMarket(chosen, saved, clock, file)
    return Simulator(market, TensorDockDoor(market), port)
