"""Machines that stop when their test does, and a market that they can delete themselves from."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from simulators.start import Simulator, start_vastai
from simulators.vastai.market import VastMarket
from tests.node.machine import Machine

Build = Callable[..., Machine]


@contextmanager
def _workshop(root: Path) -> Iterator[Build]:
    built: list[Machine] = []

    def build(shell: str = "dash", tools: Sequence[str] = ("curl", "sha256sum")) -> Machine:
        built.append(Machine(root / f"machine-{len(built)}", shell, tools))
        return built[-1]

    try:
        yield build
    finally:
        for each in built:
            each.stop()


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Build]:
    with _workshop(tmp_path) as build:
        yield build


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Build]:
    """For machines that several tests look at, each at its own: they live at the same time, so nobody waits in line."""
    with _workshop(tmp_path_factory.mktemp("fleet")) as build:
        yield build


@pytest.fixture(scope="session")
def vast() -> Iterator[Simulator[VastMarket]]:
    with start_vastai(seed=5) as simulator:
        yield simulator
