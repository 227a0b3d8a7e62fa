"""The contract of `Prices`."""

from chalicelib.domain.instant import HOUR
from chalicelib.domain.trend import Observation, Quote
from tests.builders import NOW
from tests.contracts.store import AnyStore

FIRST = NOW - NOW % HOUR


def an_hour(number: int = 0, provider: str = "vastai", lowest: int = 300_000) -> Observation:
    quotes = (Quote("RTX 4090", 24.0, False, lowest, 400_000, 38), Quote("H100 SXM", None, True, 10**9, 10**9, 1))
    return Observation(provider=provider, hour=FIRST + number * HOUR, quotes=quotes)


class PricesContract:
    def test_hours_come_back_oldest_first_from_the_one_asked_for(self, store: AnyStore) -> None:
        assert store.prices.since("vastai", 0) == []
        for number in (3, 1, 2):
            store.prices.record(an_hour(number))
        store.prices.record(an_hour(2, provider="tensordock"))
        assert store.prices.since("vastai", 0) == [an_hour(1), an_hour(2), an_hour(3)]
        assert store.prices.since("vastai", FIRST + 2 * HOUR) == [an_hour(2), an_hour(3)]
        assert store.prices.since("vastai", FIRST + 4 * HOUR) == []

    def test_an_hour_recorded_again_takes_the_place_of_the_first(self, store: AnyStore) -> None:
        for lowest in (300_000, 200_000):
            store.prices.record(an_hour(lowest=lowest))
        assert store.prices.since("vastai", 0) == [an_hour(lowest=200_000)]

    def test_an_hour_in_which_nothing_was_offered_is_known_as_that(self, store: AnyStore) -> None:
        nothing = Observation(provider="vastai", hour=FIRST, quotes=())
        store.prices.record(nothing)
        assert store.prices.since("vastai", 0) == [nothing]
