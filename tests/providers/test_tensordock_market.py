"""The TensorDock adapter against the fake market, doing what the real one was seen to do."""

import pytest

from chalicelib.domain.errors import LaunchRefused, LaunchUncertain, ListIncomplete, ProviderDown
from chalicelib.domain.instance import Absent, Instance, Phase
from tests.contracts.market import an_order
from tests.providers.simulated import simulated_tensordock


@pytest.mark.parametrize("shape", ["flat", "instances", "jsonapi", "bare"])
@pytest.mark.parametrize("case", ["lower", "title"])
def test_a_machine_is_found_in_every_dialect(shape: str, case: str) -> None:
    with simulated_tensordock(list_shape=shape, status_case=case) as market:
        order = an_order(market)
        receipt = market.provider.create(order)
        market.let_boot(receipt.instance_id)
        [machine] = market.provider.list().tagged(order.tag)
        assert (machine.id, machine.phase) == (receipt.instance_id, Phase.RUNNING)


@pytest.mark.parametrize(
    ("fault", "machines"),
    [
        ("create.unexpected", 0),
        ("create.no_id", 1),
        ("create.wrong_label", 1),
        ("create.garbage", 1),
        ("create.error", 0),
    ],
)
def test_an_odd_answer_to_a_create_leaves_it_open(fault: str, machines: int) -> None:
    with simulated_tensordock() as market:
        order = an_order(market)
        market.strike(fault, count=1)
        with pytest.raises(LaunchUncertain):
            market.provider.create(order)
        assert len(market.provider.list().instances) == machines


def test_a_hang_is_cut_off_and_leaves_it_open() -> None:
    with simulated_tensordock() as market:
        order = an_order(market)
        market.strike("create.hang", count=1, params={"seconds": 0.1, "effect": True})
        with pytest.raises(LaunchUncertain):
            market.provider.create(order)
        assert len(market.provider.list().tagged(order.tag)) == 1


def test_no_credit_is_told_as_such() -> None:
    with simulated_tensordock(credit=0.5) as market:
        with pytest.raises(LaunchRefused) as caught:
            market.provider.create(an_order(market))
        assert caught.value.kind == "no_funds"


@pytest.mark.parametrize("fault", ["list.shape", "list.error", "list.garbage"])
def test_a_spoiled_list_is_no_list(fault: str) -> None:
    with simulated_tensordock() as market:
        market.strike(fault)
        with pytest.raises(ListIncomplete):
            market.provider.list()


def test_a_destroy_that_says_404_and_did_nothing_proves_nothing() -> None:
    with simulated_tensordock() as market:
        receipt = market.provider.create(an_order(market))
        market.strike("destroy.404", count=1)
        market.provider.destroy(receipt.instance_id)
        assert isinstance(market.provider.get(receipt.instance_id), Instance)
        market.provider.destroy(receipt.instance_id)
        assert isinstance(market.provider.get(receipt.instance_id), Absent)


def test_a_destroy_that_is_refused_is_told() -> None:
    with simulated_tensordock() as market:
        receipt = market.provider.create(an_order(market))
        market.strike("destroy.refused")
        with pytest.raises(ProviderDown):
            market.provider.destroy(receipt.instance_id)


def test_ignored_forwards_leave_the_own_port_to_knock_at() -> None:
    with simulated_tensordock() as market:
        market.strike("create.no_forwards", count=1)
        receipt = market.provider.create(an_order(market))
        market.let_boot(receipt.instance_id)
        machine = market.provider.get(receipt.instance_id)
        assert isinstance(machine, Instance)
        assert [address.port for address in machine.addresses] == [22]
