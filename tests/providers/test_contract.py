"""Every implementation of the `Provider` port keeps the same contract: one entry in MARKETS each."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext

import pytest

from tests.contracts.market import Market
from tests.contracts.provider import ProviderContract
from tests.providers.markets import FakeMarket
from tests.providers.simulated import simulated_tensordock, simulated_vastai

MARKETS: dict[str, Callable[[], AbstractContextManager[Market]]] = {
    "fake": lambda: nullcontext(FakeMarket()),
    "vastai": simulated_vastai,
    "tensordock": simulated_tensordock,
}


@pytest.fixture(params=MARKETS)
def market(request: pytest.FixtureRequest) -> Iterator[Market]:
    with MARKETS[request.param]() as opened:
        yield opened


class TestProvider(ProviderContract):
    pass
