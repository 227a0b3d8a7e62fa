"""What looks leave behind of prices."""

import pytest

from chalicelib.domain.errors import ProviderDown, StoreDown
from chalicelib.domain.instant import DAY, HOUR
from chalicelib.usecases.pricing import history
from chalicelib.usecases.refreshing import refresh
from tests.builders import NOW, an_offer
from tests.usecases.stalls import Market, one_by_one


@pytest.fixture
def market() -> Market:
    return Market()


def look(market: Market, after: float = 0) -> None:
    market.clock.advance(after)
    refresh(market.ports, one_by_one, everything=True)


def hours(market: Market, provider: str = "vastai") -> list[int]:
    """When prices were kept, in hours from now."""
    first = NOW - NOW % HOUR
    return [(one.hour - first) // HOUR for one in market.ports.prices.since(provider, 0)]


def test_the_first_look_of_each_hour_keeps_its_prices(market: Market) -> None:
    for after in (0, 600, 3600, 60, 2 * 3600):
        look(market, after)
    assert hours(market) == hours(market, "tensordock") == [0, 1, 3]


def test_a_look_that_failed_keeps_none_and_the_next_one_of_the_hour_does(market: Market) -> None:
    def down(_: bool) -> None:
        raise ProviderDown("503")

    market.vastai.before = down
    look(market)
    assert (hours(market), hours(market, "tensordock")) == ([], [0])
    market.vastai.before = lambda spot: None
    look(market, 300)
    assert hours(market) == [0]


def test_prices_that_cannot_be_kept_cost_nobody_the_offers(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(_: object) -> None:
        raise StoreDown("throttled")

    monkeypatch.setattr(market.ports.prices, "record", down)
    look(market)
    assert market.ids() == ["vastai:1", "vastai:1:spot"]
    assert market.snapshot().error is None


def test_history_counts_days_in_utc_and_ends_where_it_is_no_longer_kept(market: Market) -> None:
    for _ in range(40):
        look(market, 86_400)
    now = market.clock.now()
    week = history(market.ports, ("rtx4090",), ("vastai",), False, 7, "day")
    assert (week.since, week.until) == (now - now % DAY - 6 * DAY, now)
    (one,) = week.series
    assert len(one.points) == 7
    (month,) = history(market.ports, ("rtx4090",), ("vastai",), False, 40, "day").series
    assert month.points[0].at >= now - 31 * DAY  # though a table deletes late


def test_a_card_is_found_in_anybodys_spelling_and_by_its_memory(market: Market) -> None:
    sizes = {f"vastai:{size:.0f}": size for size in (80.0, 40.0)}
    market.vastai.offers = {id: an_offer(id=id, gpu="A100 SXM", vram_gb=size) for id, size in sizes.items()}
    look(market)
    found = history(market.ports, ("a100-sxm4-80gb",), (), None, 1, "hour").series
    assert [(one.gpu, one.vram_gb) for one in found] == [("A100 SXM", 80.0)]
    assert len(history(market.ports, ("A100",), (), None, 1, "hour").series) == 2
