"""The offer that is rented for somebody who said only what they need."""

from typing import Any

import pytest

from chalicelib.domain.choosing import best
from chalicelib.domain.offer import Offer
from chalicelib.domain.policy import Policy
from chalicelib.domain.session import Requirements
from tests.builders import an_offer

POLICY = Policy(host_end_margin_seconds=3600.0, unattended_reliability=0.9)


def chosen(*offers: Offer, hours: float = 1.0, disk_gb: int = 40, **requirements: Any) -> list[str]:
    return [offer.id for offer in best(offers, Requirements(**requirements), disk_gb, hours, POLICY)]


def test_the_cheapest_all_in_comes_first() -> None:
    big_disk = an_offer(id="dear disk", gpu_per_hour=0.10, disk_per_gb_hour=0.01)
    assert chosen(big_disk, an_offer(id="fair"), disk_gb=100) == ["fair", "dear disk"]


def test_of_equal_prices_the_more_reliable_comes_first() -> None:
    offers = [an_offer(id=str(n), reliability=told) for n, told in enumerate([None, 0.95, 0.99])]
    assert chosen(*offers) == ["2", "1", "0"]


@pytest.mark.parametrize(
    ("requirements", "wrong"),
    [
        ({"gpu": ("RTX 4090",)}, {"gpu": "RTX 3090"}),
        ({"min_vram_gb": 24.0}, {"vram_gb": 16.0}),
        ({"gpu_count": 1}, {"gpu_count": 2}),
        ({"max_price": 408_000}, {"gpu_per_hour": 0.5}),
        ({"min_reliability": 0.95}, {"reliability": 0.94}),
        ({"min_reliability": 0.95}, {"reliability": None}),
        ({"country": ("SE",)}, {"country": "DE"}),
        ({"provider": ("vastai",)}, {"provider": "tensordock"}),
        ({"min_cuda": 12.4}, {"cuda_version": 12.2}),
        ({"spot": False}, {"spot": True}),
        ({"verified": True}, {"verified": None}),
        ({}, {"max_disk_gb": 39.0}),
        ({}, {"spot": True}),
        ({}, {"reliability": 0.89}),
        ({}, {"max_hours": 1.9}),
    ],
)
def test_an_offer_that_fails_one_requirement_is_not_chosen(
    requirements: dict[str, Any], wrong: dict[str, object]
) -> None:
    assert chosen(an_offer(id="right"), an_offer(id="wrong", **wrong), **requirements) == ["right"]


def test_interruptible_offers_are_chosen_only_where_they_were_asked_for() -> None:
    assert chosen(an_offer(id="steady"), an_offer(id="spot", spot=True), spot=True) == ["spot"]


def test_what_a_market_does_not_tell_keeps_nothing_from_being_chosen() -> None:
    silent = an_offer(reliability=None, verified=None, max_hours=None, max_disk_gb=None, machine_id=None)
    assert chosen(silent) == [silent.id]


def test_who_names_a_reliability_may_go_below_ours() -> None:
    shaky = an_offer(reliability=0.6)
    assert chosen(shaky) == []
    assert chosen(shaky, min_reliability=0.0) == [shaky.id]


def test_a_host_must_stay_for_the_hours_and_a_margin() -> None:
    assert chosen(an_offer(max_hours=5.0), hours=4.0) == ["vastai:1001"]
    assert chosen(an_offer(max_hours=5.0), hours=4.1) == []


def test_a_row_with_a_choice_of_counts_is_scaled() -> None:
    row = an_offer(id="t:row", max_gpu_count=4)
    assert chosen(row, gpu_count=4) == ["t:row:4"]
    assert chosen(row, gpu_count=8) == []


def test_neither_an_offer_nor_a_machine_is_tried_twice() -> None:
    row = an_offer(id="t:row", machine_id=None, max_gpu_count=4)
    first = an_offer(id="a", machine_id="m-1", gpu_count=2)
    twin = an_offer(id="b", machine_id="m-1", gpu_count=2)
    namesake = an_offer(id="c", machine_id="m-1", gpu_count=2, provider="another")
    wish = Requirements(gpu_count=2)
    (scaled,) = best([row], wish, 40, 1.0, POLICY)
    left = best([row, first, twin, namesake], wish, 40, 1.0, POLICY, tried=[scaled, first])
    assert [offer.id for offer in left] == ["c"]


def test_a_shunned_machine_is_not_chosen() -> None:
    offers = [an_offer(id="a", machine_id="m-1"), an_offer(id="b", machine_id="m-2")]
    left = best(offers, Requirements(), 40, 1.0, POLICY, shunned={("vastai", "m-1")})
    assert [offer.id for offer in left] == ["b"]
