"""Fake markets whose time stands still until a test moves it."""

from collections.abc import Iterator

import pytest

from simulators import ManualClock, Simulator, start_tensordock, start_vastai
from simulators.tensordock.market import TensorDockMarket
from simulators.vastai.market import VastMarket
from tests.simulators.support import Dock, Vast


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def vast_sim(clock: ManualClock) -> Iterator[Simulator[VastMarket]]:
    with start_vastai(clock=clock) as simulator:
        yield simulator


@pytest.fixture
def vast(vast_sim: Simulator[VastMarket]) -> Vast:
    return Vast(vast_sim.url)


@pytest.fixture
def dock_sim(clock: ManualClock) -> Iterator[Simulator[TensorDockMarket]]:
    with start_tensordock(clock=clock) as simulator:
        yield simulator


@pytest.fixture
def dock(dock_sim: Simulator[TensorDockMarket]) -> Dock:
    return Dock(dock_sim.url)
