"""Markets behind their real adapters: what was a call of a port becomes HTTP in virtual time, and comes back as it.

`market.Market` stays the truth: it makes and ends machines, throws the dice for faults, checks the invariants. Its
outcome of each request is put into one of the forms in which that market was seen to answer, or to fail to, and the
adapter has to make the same of it again: `wired` compares the two at every call.
"""

from random import Random
from typing import Literal, get_args

from tests.simulation.market import Market
from tests.simulation.wire.place import Place
from tests.simulation.wire.tensordock import TensorDockPlace
from tests.simulation.wire.vastai import VastAiPlace
from tests.simulation.wire.wired import Wired
from tests.simulation.world import SETTINGS, World

Wire = Literal["none", "tenth", "all"]
WIRES: tuple[Wire, ...] = get_args(Wire)

PLACES: dict[str, type[Place]] = {"vastai": VastAiPlace, "tensordock": TensorDockPlace}


def chosen(seed: int, wire: Wire) -> bool:
    """Does one market of this seed stand behind HTTP?"""
    return wire == "all" or (wire == "tenth" and seed % 10 == 0)


def string(world: World, seed: int) -> Wired:
    """Put one market of a world that has not begun behind its real adapter. Its dice are its own, so no other seed's
    world changes."""
    rng = Random(f"wire of {seed}")
    name = "tensordock" if "tensordock" in world.markets and rng.random() < 0.75 else "vastai"
    market: Market = world.markets[name]
    wired = Wired(PLACES[name](market, rng), world.gate, SETTINGS.policy)
    world.ports.providers[name] = wired  # type: ignore[index]
    world.callers.offers = [offer for one in world.markets.values() for offer in one.offers]
    return wired
