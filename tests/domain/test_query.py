"""Filters, orders and prices of the offers at hand."""

import random

import pytest

from chalicelib.domain.book import Book, Sort
from chalicelib.domain.offer import Offer, price_per_hour
from chalicelib.domain.query import Query, matching, select
from tests.builders import an_offer

ROW = an_offer(id="t:oslo:rtx4090", gpu_per_hour=0.30, disk_per_gb_hour=0.0, max_gpu_count=4)


def found(query: Query, *offers: Offer) -> list[str]:
    return [offer.id for offer in matching(Book(offers), query)]


def numbered(**changes: list[object]) -> list[Offer]:
    """Offers "0", "1", … with the values listed for each field."""
    count = len(next(iter(changes.values())))
    return [
        an_offer(id=str(number), **{name: values[number] for name, values in changes.items()})
        for number in range(count)
    ]


@pytest.mark.parametrize(
    ("query", "field", "values"),
    [
        (Query(provider=("vastai",)), "provider", ["vastai", "tensordock"]),
        (Query(gpu=("rtx_4090", "H100")), "gpu", ["RTX 4090", "RTX 3090", "A100 SXM"]),
        (Query(gpu=("H100",)), "gpu", ["H100 SXM", "H200", "RTX 4090"]),
        (Query(min_vram_gb=24), "vram_gb", [24.0, 23.9, None]),
        (Query(min_reliability=0.9), "reliability", [0.9, 0.89, None]),
        (Query(min_cuda=12.4), "cuda_version", [12.4, 12.2, None]),
        (Query(country=("se", "NO")), "country", ["SE", "DE", None]),
        (Query(region="calif"), "region", ["California, US", "Texas, US", None]),
        (Query(spot=True), "spot", [True, False]),
        (Query(spot=False), "spot", [False, True]),
        (Query(verified=True), "verified", [True, False, None]),
        (Query(verified=False), "verified", [False, True, None]),
        (Query(max_price=408_000), "gpu_per_hour", [0.40, 0.400001]),
        (Query(gpu_count=2), "gpu_count", [2, 1, 4]),
        (Query(disk_gb=100), "max_disk_gb", [100.0, 99.0]),
    ],
)
def test_a_filter_keeps_the_first_and_drops_the_others(query: Query, field: str, values: list[object]) -> None:
    assert found(query, *numbered(**{field: values})) == ["0"]


def test_without_filters_everything_is_offered_and_unknown_sizes_of_disk_too() -> None:
    assert found(Query(), *numbered(max_disk_gb=[None, 500.0], spot=[True, False])) == ["0", "1"]


def test_filters_add_up() -> None:
    offers = numbered(country=["SE", "SE", "DE"], reliability=[0.99, 0.5, 0.99])
    assert found(Query(country=("SE",), min_reliability=0.9), *offers) == ["0"]


def test_memory_in_the_name_of_a_gpu_must_be_met() -> None:
    offers = numbered(gpu=["A100 SXM", "A100 SXM", "A100 SXM"], vram_gb=[80.0, 40.0, None])
    assert found(Query(gpu=("A100 80GB",)), *offers) == ["0"]


def test_the_price_is_all_in_for_the_disk_asked_for() -> None:
    cheap_gpu = an_offer(id="cheap gpu", gpu_per_hour=0.10, disk_per_gb_hour=0.001)
    cheap_disk = an_offer(id="cheap disk", gpu_per_hour=0.15, disk_per_gb_hour=0.0)
    assert found(Query(disk_gb=10), cheap_gpu, cheap_disk) == ["cheap gpu", "cheap disk"]
    assert found(Query(disk_gb=100), cheap_gpu, cheap_disk) == ["cheap disk", "cheap gpu"]
    assert found(Query(disk_gb=100, max_price=199_999), cheap_gpu, cheap_disk) == ["cheap disk"]


def test_an_offer_whose_smallest_disk_does_not_fit_is_not_offered() -> None:
    assert found(Query(disk_gb=10), an_offer(min_disk_gb=100, max_disk_gb=90.0)) == []


def test_a_row_with_a_choice_of_counts_is_one_gpu_until_more_are_asked_for() -> None:
    eight = an_offer(id="v:8", gpu_count=8, gpu_per_hour=2.0)
    assert found(Query(), ROW, eight) == ["t:oslo:rtx4090", "v:8"]
    assert found(Query(gpu_count=1), ROW, eight) == ["t:oslo:rtx4090"]
    assert found(Query(gpu_count=4), ROW, eight) == ["t:oslo:rtx4090:4"]
    assert found(Query(min_gpus=3), ROW, eight) == ["t:oslo:rtx4090:3", "v:8"]
    assert found(Query(min_gpus=5), ROW, eight) == ["v:8"]
    assert found(Query(min_gpus=5, gpu_count=4), ROW, eight) == []


def test_a_scaled_offer_costs_what_its_gpus_cost() -> None:
    book = Book([ROW])
    (four,) = matching(book, Query(gpu_count=4, max_price=1_200_000))
    assert price_per_hour(four, 40) == 1_200_000
    assert found(Query(gpu_count=4, max_price=1_199_999), ROW) == []
    assert book.find("t:oslo:rtx4090:4") == four
    assert book.find("t:oslo:rtx4090:5") is None
    assert book.find("t:oslo:rtx4090") is ROW


def test_an_id_that_ends_like_a_count_is_found_as_it_stands() -> None:
    offer = an_offer(id="vastai:4")
    assert Book([offer]).find("vastai:4") is offer
    assert Book([offer]).find("vastai:5") is None


def test_price_order_is_cheapest_first_and_equal_prices_by_id() -> None:
    assert found(Query(), *numbered(gpu_per_hour=[0.3, 0.1, 0.2, 0.1])) == ["1", "3", "2", "0"]


def test_reliability_order_has_the_unknown_last_and_the_cheaper_of_equals_first() -> None:
    offers = numbered(reliability=[None, 0.9, 0.99, 0.99], gpu_per_hour=[0.1, 0.1, 0.4, 0.3])
    assert found(Query(sort="reliability"), *offers) == ["3", "2", "1", "0"]


def test_value_order_is_dollars_for_performance() -> None:
    offers = [
        an_offer(id="no idea", gpu="X", vram_gb=None, gpu_per_hour=0.01),
        an_offer(id="memory only, 2 cents per GB", gpu="Y", vram_gb=10.0, gpu_per_hour=0.2, disk_per_gb_hour=0.0),
        an_offer(id="memory only, 1 cent per GB", gpu="Y", vram_gb=20.0, gpu_per_hour=0.2, disk_per_gb_hour=0.0),
        an_offer(id="told: 40 dollars per PFLOPS", tflops=10.0, gpu_per_hour=0.4, disk_per_gb_hour=0.0),
        an_offer(id="told: 20 dollars per PFLOPS", tflops=40.0, gpu_count=2, gpu_per_hour=0.8, disk_per_gb_hour=0.0),
        an_offer(id="usual: 15 dollars per PFLOPS", gpu_count=2, gpu_per_hour=0.6, disk_per_gb_hour=0.0),
    ]
    assert found(Query(sort="value"), *offers) == [
        "usual: 15 dollars per PFLOPS",
        "told: 20 dollars per PFLOPS",
        "told: 40 dollars per PFLOPS",
        "memory only, 1 cent per GB",
        "memory only, 2 cents per GB",
        "no idea",
    ]


@pytest.mark.parametrize("sort", ["price", "value", "reliability"])
def test_the_order_does_not_depend_on_how_the_offers_came(sort: Sort) -> None:
    chance = random.Random(7)
    offers = [
        an_offer(id=str(n), gpu_per_hour=chance.choice([0.1, 0.2]), reliability=chance.choice([None, 0.9, 0.95]))
        for n in range(50)
    ]
    expected = found(Query(sort=sort), *offers)
    chance.shuffle(offers)
    assert found(Query(sort=sort), *offers) == expected


def test_more_questions_than_a_book_remembers_answer_the_same() -> None:
    book = Book([an_offer()])
    first = select(book, Query(disk_gb=1), 10)
    for disk_gb in range(2, 60):
        assert select(book, Query(disk_gb=disk_gb), 10).total == 1
    assert select(book, Query(disk_gb=1), 10) == first
