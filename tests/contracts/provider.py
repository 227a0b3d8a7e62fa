"""What every GPU market promises behind the `Provider` port, one sentence per test.

To put another implementation under contract, write a `Market` for it and name it in tests/providers/test_contract.py.
"""

import math

import pytest

from chalicelib.domain.errors import (
    LaunchUncertain,
    ListIncomplete,
    OfferGone,
    ProviderAuth,
    ProviderBusy,
    ProviderDown,
)
from chalicelib.domain.instance import Absent, Instance, Phase
from chalicelib.domain.instant import SECOND
from chalicelib.domain.offer import disk_rented, price_parts, price_per_hour
from tests.contracts.market import PUBLIC_KEY, Market, an_offer, an_order


class ProviderContract:
    """Inherit it, and give it a fixture `market`."""

    # --- offers

    def test_offers_have_ids_of_their_own_that_name_the_provider(self, market: Market) -> None:
        for spot in (False, True):
            offers = market.provider.search(spot=spot)
            assert len({offer.id for offer in offers}) == len(offers)
            for offer in offers:
                twin = ":spot" if spot else ""
                assert offer.id == f"{market.provider.name}:{offer.provider_offer_id}{twin}"
                assert offer.provider == market.provider.name

    def test_a_search_returns_one_kind_of_offer(self, market: Market) -> None:
        on_demand = market.provider.search(spot=False)
        assert on_demand
        assert not any(offer.spot for offer in on_demand)
        assert all(offer.spot and offer.min_bid is not None for offer in market.provider.search(spot=True))

    def test_the_price_of_an_offer_is_positive_and_the_sum_of_its_parts(self, market: Market) -> None:
        for offer in market.provider.search(spot=False) + market.provider.search(spot=True):
            for disk_gb in (1, 40, 333):
                price = price_per_hour(offer, disk_gb)
                parts = price_parts(offer, disk_gb)
                assert price == sum(parts.values()) > 0
                assert min(parts.values()) >= 0
                assert disk_rented(offer, disk_gb) >= disk_gb

    def test_figures_of_an_offer_are_sane(self, market: Market) -> None:
        for offer in market.provider.search(spot=False) + market.provider.search(spot=True):
            assert offer.gpu.strip() == offer.gpu != ""
            assert offer.gpu_count >= 1
            assert abs(offer.fetched_at - market.clock.now()) < 60 * SECOND
            assert offer.reliability is None or 0 <= offer.reliability <= 1
            for figure in (offer.vram_gb, offer.cpu_cores, offer.ram_gb, offer.max_disk_gb, offer.max_hours):
                assert figure is None or (math.isfinite(figure) and figure >= 0)

    def test_a_quote_is_the_same_offer_as_it_stands(self, market: Market) -> None:
        offer = an_offer(market)
        quoted = market.provider.quote(offer)
        assert quoted.id == offer.id
        assert price_per_hour(quoted, 40) == price_per_hour(offer, 40)

    def test_the_quote_of_an_offer_that_left_the_market_says_so(self, market: Market) -> None:
        offer = an_offer(market)
        market.withdraw(offer)
        with pytest.raises(OfferGone):
            market.provider.quote(offer)

    # --- creating

    def test_a_created_machine_is_listed_once_under_its_tag(self, market: Market) -> None:
        order = an_order(market)
        receipt = market.provider.create(order)
        assert [machine.id for machine in market.provider.list().tagged(order.tag)] == [receipt.instance_id]

    def test_a_created_machine_can_be_asked_for_by_id(self, market: Market) -> None:
        order = an_order(market)
        receipt = market.provider.create(order)
        machine = market.provider.get(receipt.instance_id)
        assert isinstance(machine, Instance)
        assert (machine.provider, machine.id, machine.tag) == (market.provider.name, receipt.instance_id, order.tag)

    def test_a_machine_that_came_up_says_where_to_knock_and_what_it_costs(self, market: Market) -> None:
        order = an_order(market)
        receipt = market.provider.create(order)
        market.let_boot(receipt.instance_id)
        machine = market.provider.get(receipt.instance_id)
        assert isinstance(machine, Instance)
        assert machine.phase is Phase.RUNNING
        assert machine.addresses
        assert all(address.host and address.user and 0 < address.port < 65536 for address in machine.addresses)
        assert machine.price_per_hour == pytest.approx(price_per_hour(order.offer, order.disk_gb), rel=0.01)

    def test_a_machine_that_came_up_says_where_its_ports_are(self, market: Market) -> None:
        order = an_order(market)
        receipt = market.provider.create(order)
        market.let_boot(receipt.instance_id)
        machine = market.provider.get(receipt.instance_id)
        assert isinstance(machine, Instance)
        opened = {one.port: one for one in machine.ports if one.port in order.ports}
        assert opened.keys() == set(order.ports)
        assert all(one.host and 0 < one.external_port < 65536 for one in opened.values())

    def test_two_creates_with_one_tag_are_two_machines_and_both_are_listed(self, market: Market) -> None:
        first = an_order(market)
        second = an_order(market, avoid=first.offer.id)
        ids = {market.provider.create(first).instance_id, market.provider.create(second).instance_id}
        assert {machine.id for machine in market.provider.list().tagged(first.tag)} == ids
        assert len(ids) == 2

    def test_creating_on_an_offer_that_left_the_market_makes_nothing(self, market: Market) -> None:
        order = an_order(market)
        market.withdraw(order.offer)
        with pytest.raises(OfferGone):
            market.provider.create(order)
        assert market.provider.list().tagged(order.tag) == ()

    def test_a_create_whose_answer_is_lost_is_uncertain_and_its_machine_is_found_by_tag(self, market: Market) -> None:
        order = an_order(market)
        market.lose_next_create()
        with pytest.raises(LaunchUncertain):
            market.provider.create(order)
        market.repair()
        assert len(market.provider.list().tagged(order.tag)) == 1

    def test_attaching_a_key_twice_is_as_good_as_once(self, market: Market) -> None:
        receipt = market.provider.create(an_order(market))
        market.let_boot(receipt.instance_id)
        market.provider.attach_key(receipt.instance_id, PUBLIC_KEY)
        market.provider.attach_key(receipt.instance_id, PUBLIC_KEY)

    # --- what exists

    def test_a_machine_nobody_made_is_absent(self, market: Market) -> None:
        assert market.provider.get(market.unknown_id) == Absent(instance_id=market.unknown_id)

    def test_machines_of_others_are_listed_under_their_own_names(self, market: Market) -> None:
        instance_id = market.rent_by_hand("somebody's notebook")
        assert instance_id in {machine.id for machine in market.provider.list().tagged("somebody's notebook")}

    def test_a_list_says_when_it_was_taken_and_of_whom(self, market: Market) -> None:
        before = market.clock.now()
        listing = market.provider.list()
        assert before <= listing.taken_at <= market.clock.now()
        assert listing.provider == market.provider.name

    def test_the_balance_is_whole_micro_dollars_or_unknown(self, market: Market) -> None:
        balance = market.provider.balance()
        assert balance is None or isinstance(balance, int)

    # --- destroying

    def test_a_destroyed_machine_ends_up_absent_and_unlisted(self, market: Market) -> None:
        order = an_order(market)
        receipt = market.provider.create(order)
        market.provider.destroy(receipt.instance_id)
        market.let_die()
        assert market.provider.get(receipt.instance_id) == Absent(instance_id=receipt.instance_id)
        listing = market.provider.list()
        assert listing.tagged(order.tag) == ()
        assert receipt.instance_id not in listing.ids()

    def test_destroying_again_or_what_never_was_is_fine(self, market: Market) -> None:
        receipt = market.provider.create(an_order(market))
        market.provider.destroy(receipt.instance_id)
        market.provider.destroy(receipt.instance_id)
        market.let_die()
        market.provider.destroy(receipt.instance_id)
        market.provider.destroy(market.unknown_id)

    def test_destroying_one_machine_leaves_the_others_alone(self, market: Market) -> None:
        doomed = an_order(market)
        spared = market.provider.create(an_order(market, avoid=doomed.offer.id)).instance_id
        market.provider.destroy(market.provider.create(doomed).instance_id)
        market.let_die()
        assert isinstance(market.provider.get(spared), Instance)

    # --- doubt is never absence

    def test_refused_credentials_are_an_auth_error_and_never_absence(self, market: Market) -> None:
        order = an_order(market)
        receipt = market.provider.create(order)
        market.break_credentials()
        with pytest.raises(ProviderAuth):
            market.provider.get(receipt.instance_id)
        with pytest.raises(ProviderAuth):
            market.provider.get(market.unknown_id)
        with pytest.raises(ProviderAuth):
            market.provider.list()
        with pytest.raises(ProviderAuth):
            market.provider.destroy(receipt.instance_id)
        with pytest.raises(ProviderAuth):
            market.provider.create(order)
        market.repair()
        assert len(market.provider.list().tagged(order.tag)) == 1

    def test_a_list_that_cannot_be_read_whole_is_no_list(self, market: Market) -> None:
        receipt = market.provider.create(an_order(market))
        market.break_list()
        with pytest.raises(ListIncomplete):
            market.provider.list()
        assert isinstance(market.provider.get(receipt.instance_id), Instance)

    def test_a_market_that_is_down_tells_nothing(self, market: Market) -> None:
        order = an_order(market)
        receipt = market.provider.create(order)
        market.break_down()
        for call in (
            lambda: market.provider.search(spot=False),
            lambda: market.provider.quote(order.offer),
            lambda: market.provider.get(receipt.instance_id),
            lambda: market.provider.get(market.unknown_id),
            lambda: market.provider.destroy(receipt.instance_id),
        ):
            with pytest.raises(ProviderDown) as caught:
                call()
            assert caught.value.retry_after > 0
        with pytest.raises(ListIncomplete):
            market.provider.list()
        with pytest.raises(LaunchUncertain):
            market.provider.create(order)
        market.repair()
        assert isinstance(market.provider.get(receipt.instance_id), Instance)

    def test_one_call_too_many_says_when_to_come_back_and_changes_nothing(self, market: Market) -> None:
        order = an_order(market)
        receipt = market.provider.create(order)
        market.limit()
        for call in (
            lambda: market.provider.get(receipt.instance_id),
            lambda: market.provider.destroy(receipt.instance_id),
        ):
            with pytest.raises(ProviderBusy) as caught:
                call()
            assert caught.value.retry_after > 0
        with pytest.raises((ListIncomplete, ProviderBusy)):
            market.provider.list()
        with pytest.raises((LaunchUncertain, ProviderBusy)):
            market.provider.create(order)
        market.repair()
        assert len(market.provider.list().tagged(order.tag)) == 1
