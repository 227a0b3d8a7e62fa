"""POST /sessions: how long the app takes, and how often it goes to the store."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any

from bench.figures import Figure, timed
from bench.offers import market
from tests.api.client import OFFER, Api
from tests.builders import an_offer

_COLLECTIONS = ("sessions", "access", "inventory", "health")


class _Counted:
    """A collection of the store whose calls are counted as `collection.method`."""

    def __init__(self, name: str, collection: object, calls: Counter[str]) -> None:
        self._name, self._collection, self._calls = name, collection, calls

    def __getattr__(self, method: str) -> Callable[..., object]:
        self._calls[f"{self._name}.{method}"] += 1
        found: Callable[..., object] = getattr(self._collection, method)
        return found


def figures() -> Iterator[Figure]:
    api = Api(offers=[an_offer(id=OFFER), *market(600)])
    calls: Counter[str] = Counter()
    counted: dict[str, Any] = {name: _Counted(name, getattr(api.world.ports, name), calls) for name in _COLLECTIONS}
    api.world.ports = replace(api.world.ports, **counted)
    api.rent()  # warms the inventory
    calls.clear()
    api.rent()
    made = ", ".join(f"{name} × {times}" for name, times in sorted(calls.items()))
    yield Figure(name="POST /sessions: store calls", figure=calls.total(), unit="calls", note=made)
    calls.clear()
    api.send("GET", "/inventory")
    made = ", ".join(f"{name} × {times}" for name, times in sorted(calls.items()))
    yield Figure(name="GET /inventory: store calls, hot", figure=calls.total(), unit="calls", note=made)
    numbers = count()
    apis = [Api(offers=[an_offer(id=OFFER)]) for _ in range(12)]
    yield from timed(
        "POST /sessions", lambda: apis[next(numbers) // 18].rent(), rounds=200, note="whole app, store in memory"
    )
