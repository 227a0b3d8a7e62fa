"""What cards cost over time."""

from fractions import Fraction
from statistics import median

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.instant import DAY, HOUR
from chalicelib.domain.offer import DISK_GB, price_per_hour
from chalicelib.domain.trend import Observation, Point, Quote, observe, series
from tests.builders import NOW, an_offer

MIDNIGHT = NOW - NOW % DAY


def _seen(hour: int, lowest: int, middle: int, offers: int = 1, provider: str = "vastai") -> Observation:
    quote = Quote("RTX 4090", 24.0, False, lowest, middle, offers)
    return Observation(provider=provider, hour=MIDNIGHT + hour * HOUR, quotes=(quote,))


def test_an_hour_has_the_lowest_and_the_median_price_of_each_card_per_gpu_and_all_in() -> None:
    offers = [
        an_offer(id="vastai:1", gpu_per_hour=0.30),
        an_offer(id="vastai:2", gpu_per_hour=0.50),
        an_offer(id="vastai:3", gpu_per_hour=4 * 0.40, gpu_count=4),
        an_offer(id="vastai:4", gpu_per_hour=0.10, spot=True),
        an_offer(id="vastai:5", gpu_per_hour=0.90, vram_gb=48.0),
    ]
    seen = observe("vastai", offers, NOW)
    assert (seen.provider, seen.hour) == ("vastai", NOW - NOW % HOUR)
    usual, spot, larger = seen.quotes
    cheapest = price_per_hour(offers[0], DISK_GB)
    assert (usual.lowest, usual.median, usual.offers) == (cheapest, price_per_hour(offers[2], DISK_GB) // 4, 3)
    assert (spot.spot, spot.lowest, spot.offers) == (True, price_per_hour(offers[3], DISK_GB), 1)
    assert (larger.vram_gb, larger.offers) == (48.0, 1)


@given(st.lists(st.integers(1, 10**7), min_size=1, max_size=30))
def test_the_median_is_a_price_that_somebody_asked_and_no_higher_than_the_true_one(micros: list[int]) -> None:
    offers = [an_offer(id=f"vastai:{n}", gpu_per_hour=price / 1e6, disk_per_gb_hour=0.0) for n, price in
              enumerate(micros)]  # fmt: skip
    (quote,) = observe("vastai", offers, NOW).quotes
    assert quote.lowest == min(micros)
    assert quote.median in micros
    assert quote.median <= median([Fraction(price) for price in micros])


def test_a_series_has_a_point_for_each_hour_in_which_the_card_was_seen_oldest_first() -> None:
    (one,) = series([_seen(5, 30, 40), _seen(2, 20, 60), _seen(3, 50, 50)], HOUR)
    assert [(point.at - MIDNIGHT) // HOUR for point in one.points] == [2, 3, 5]
    assert (one.lowest, one.median) == (20, 50)
    assert one.latest == Point(at=MIDNIGHT + 5 * HOUR, lowest=30, median=40, offers=1)


def test_by_the_day_hours_are_taken_together() -> None:
    hours = [_seen(1, 30, 40, offers=10), _seen(2, 20, 60, offers=13), _seen(23, 25, 50, offers=10), _seen(24, 90, 90)]
    (one,) = series(hours, DAY)
    assert one.points == (
        Point(at=MIDNIGHT, lowest=20, median=50, offers=11),
        Point(at=MIDNIGHT + DAY, lowest=90, median=90, offers=1),
    )


def test_each_market_has_its_own() -> None:
    found = series([_seen(1, 30, 40), _seen(1, 35, 45, provider="tensordock")], HOUR)
    assert [(one.provider, one.lowest) for one in found] == [("tensordock", 35), ("vastai", 30)]
