"""POST /sessions: how long the app takes, and how often it goes to the store."""

from collections.abc import Iterator
from itertools import count

from bench.figures import Figure, timed
from bench.offers import market
from tests.api.client import OFFER, Api
from tests.builders import an_offer
from tests.counted import counted


def figures() -> Iterator[Figure]:
    api = Api(offers=[an_offer(id=OFFER), *market(600)])
    api.world.ports, calls = counted(api.world.ports)
    api.rent()  # warms the inventory
    calls.clear()
    api.rent()
    made = ", ".join(f"{name} × {times}" for name, times in sorted(calls.items()))
    yield Figure(name="POST /sessions: calls", figure=calls.total(), unit="calls", note=made)
    calls.clear()
    api.send("GET", "/inventory")
    made = ", ".join(f"{name} × {times}" for name, times in sorted(calls.items()))
    yield Figure(name="GET /inventory: store calls, hot", figure=calls.total(), unit="calls", note=made)
    numbers = count()
    apis = [Api(offers=[an_offer(id=OFFER)]) for _ in range(12)]
    yield from timed(
        "POST /sessions", lambda: apis[next(numbers) // 18].rent(), rounds=200, note="whole app, store in memory"
    )
