"""GET /inventory, warm, in this process: the work alone, and with the whole app around it."""

from collections.abc import Iterator
from functools import partial
from urllib.parse import urlencode

from bench.figures import Figure, timed
from bench.offers import market
from chalicelib import wiring
from chalicelib.domain.query import Query
from chalicelib.usecases import browsing
from tests.api.client import Api
from tests.world import World

_SIZES = (600, 5000)
_CHEAPEST = Query()
_FILTERED = Query(gpu=("RTX 4090", "H100"), min_vram_gb=24, min_reliability=0.9, spot=False, sort="value")
_FILTERS = {"gpu": "RTX 4090,H100", "min_vram_gb": 24, "min_reliability": 0.9, "spot": "false", "sort": "value"}
_FILTERED_URL = f"/inventory?{urlencode(_FILTERS)}"


def figures() -> Iterator[Figure]:
    for size in _SIZES:
        world = World(offers=market(size))
        for name, query in (("cheapest first", _CHEAPEST), ("filtered, by value", _FILTERED)):
            yield from timed(
                f"inventory, {size} offers, {name}",
                partial(browsing.browse, world.ports, query, 50),
                rounds=300,
                note="use case alone, 50 offers",
            )
        yield from timed(
            f"inventory, {size} offers, first answer after a refresh",
            partial(_after_refresh, world),
            rounds=20,
            note="without decoding the stored body",
        )
        api = Api(offers=market(size))
        for name, url in (("cheapest first", "/inventory"), ("filtered, by value", _FILTERED_URL)):
            yield from timed(
                f"GET /inventory, {size} offers, {name}",
                partial(_get, api, url),
                rounds=200,
                note="whole app, key check and JSON included",
            )


def _after_refresh(world: World) -> None:
    world.list_offers()
    world.clock.advance(world.ports.settings.policy.inventory_check_seconds)
    browsing.browse(world.ports, _CHEAPEST, 50)


def _get(api: Api, path: str) -> None:
    """As the tests' client sends it, but without holding the answer to the API's description: that takes longer."""
    with wiring.override(api.world.ports):
        reply = api.http.request("GET", path, headers={"Authorization": f"Bearer {api.keys['ada']}"}, body=b"")
    if reply.status_code != 200:
        raise RuntimeError(f"GET {path}: {reply.status_code} {reply.body.decode()}")
