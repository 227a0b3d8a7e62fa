"""Vast.ai's invoice, page by page; and against our own ledger on a market with honest books."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chalicelib.domain import ledger
from chalicelib.domain.attempt import Attempt, Stage
from chalicelib.domain.errors import ProviderDown
from chalicelib.domain.instance import Absent
from chalicelib.domain.metering import told
from chalicelib.ports import LaunchOrder
from chalicelib.providers.answer import Answer
from chalicelib.providers.vastai import VastAi
from chalicelib.providers.vastai_charges import charges
from tests.builders import PUBLIC_KEY, a_session, a_session_id
from tests.providers.simulated import SimulatedVastAi, simulated_vastai

DAY = 86_400_000


@pytest.fixture
def market() -> Iterator[SimulatedVastAi]:
    with simulated_vastai() as simulated:
        yield simulated


def row(number: int, *amounts: Any, **changes: Any) -> dict[str, Any]:
    items = [{"type": "gpu", "amount": amount} for amount in amounts]
    return {"source": f"instance-{number}", "amount": 0.001, "items": items, **changes}


def pages(*bodies: dict[str, Any]) -> Callable[[dict[str, str]], Answer]:
    """The market's answers, by their token."""

    def page(params: dict[str, str]) -> Answer:
        body = bodies[int(params.get("after_token", "0"))]
        return Answer(status=200, headers={}, body={"success": True, **body}, text="", is_json=True)

    return page


def test_all_pages_are_read_and_what_is_no_instance_is_left_out() -> None:
    first = {"results": [row(1, 0.1, 0.02), row(2, source="volume-2")], "next_token": "1", "total": 3}
    second = {"results": [row(1, 0.5)], "next_token": None, "total": 3}
    found = charges(pages(first, second), 0, DAY)
    assert [(one.instance_id, one.amount) for one in found] == [("1", 120_000), ("1", 500_000)]


@pytest.mark.parametrize(
    "body",
    [
        {"results": None},
        {"results": [row(1, 1.0)], "total": 2},
        {"results": [row(1, "a lot", amount=None)]},
        {"results": [], "next_token": "0"},
        {"success": False},
    ],
)
def test_an_invoice_that_cannot_be_read_whole_is_none(body: dict[str, Any]) -> None:
    with pytest.raises(ProviderDown):
        charges(pages(body), 0, DAY)


def test_the_ledger_is_what_the_market_bills(market: SimulatedVastAi) -> None:
    """The GPU from running on, the disk from creation; then stopped, then with its host away, then gone."""
    provider = market.provider
    assert isinstance(provider, VastAi)
    tag = f"shopper-{a_session_id()}"
    offer = provider.search(spot=False)[0]
    called_at = market.clock.now()
    receipt = provider.create(LaunchOrder(tag=tag, offer=offer, disk_gb=100, ssh_public_key=PUBLIC_KEY))
    attempt = Attempt(
        offer=offer, disk_gb=100, billing=provider.billing, stage=Stage.BOOTING, called_at=called_at, at=called_at,
        deadline_at=called_at, instance_ids=(receipt.instance_id,),
    )  # fmt: skip
    contract = market.market.machines[receipt.instance_id]

    def watch(seconds: int) -> None:
        nonlocal attempt
        for _ in range(seconds // 10):
            market.market.advance(10)
            machine = provider.get(receipt.instance_id)
            assert not isinstance(machine, Absent)
            attempt = told(attempt, [machine], market.clock.now())

    watch(3600)
    for action, length in (("stop", 1800), ("offline", 900), ("online", 600)):
        with market.market.transaction() as now:
            market.market.act(contract, action, {}, now)
        watch(length)
    provider.destroy(receipt.instance_id)
    end = market.clock.now()
    [billed] = provider.charges(called_at - DAY, end + DAY)
    ours = ledger.cost(a_session(attempts=(attempt,)), end)
    assert billed.instance_id == receipt.instance_id
    assert ours == pytest.approx(billed.amount, rel=0.01)
    kinds = {segment.kind for line in ledger.lines(a_session(attempts=(attempt,)), end) for segment in line.segments}
    assert kinds == {"gpu", "storage"}
