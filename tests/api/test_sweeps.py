"""Sweeps on demand."""

from chalicelib import sweeps
from tests.api.client import OFFER, Api
from tests.builders import an_offer


def test_an_inventory_sweep_asked_for_looks_at_offers_that_are_old() -> None:
    api = Api()
    api.world.market.offer(an_offer(id="vastai:2002"))
    api.world.clock.advance(121)
    sweeps.run("inventory", api.world.ports)
    assert api.send("POST", "/sweeps/inventory", who="operator").status == 202
    assert api.world.wakeups.pop() == ("sweep", "inventory")
    sweeps.run("inventory", api.world.ports)
    assert [offer["id"] for offer in api.send("GET", "/inventory").json["offers"]] == [OFFER, "vastai:2002"]
