"""What is answered to somebody who looks for a machine, and what it costs to answer."""

import pytest

from chalicelib.domain.errors import ProviderBusy, ProviderDown, Refusal
from chalicelib.domain.query import Query
from chalicelib.usecases import browsing
from chalicelib.usecases.refreshing import refresh
from tests.builders import NOW, an_offer
from tests.usecases.stalls import Market


@pytest.fixture
def market() -> Market:
    """Both markets have just been looked at."""
    market = Market()
    refresh(market.ports)
    market.inventory.calls.clear()
    return market


def browse(market: Market, **query: object) -> browsing.Answer:
    return browsing.browse(market.ports, Query(**query), 50)  # type: ignore[arg-type]


def ids(market: Market, **query: object) -> list[str]:
    return [offer.id for offer in browse(market, **query).offers]


def vastai(market: Market) -> browsing.MarketStatus:
    return browse(market).providers["vastai"]


def look_again(market: Market, seconds: float, error: Exception | None = None) -> None:
    """The next look is due after that time, and Vast.ai fails with `error`."""
    market.clock.advance(seconds)
    if error is not None:
        market.vastai.fail("search", error)
    market.inventory.asked(market.clock.now())
    refresh(market.ports)


def test_offers_of_all_markets_are_answered_cheapest_first(market: Market) -> None:
    answer = browse(market)
    assert [offer.id for offer in answer.offers] == ["vastai:1:spot", "tensordock:oslo:rtx4090", "vastai:1"]
    assert (answer.total, answer.next_cursor) == (3, None)


def test_pages_follow_each_other(market: Market) -> None:
    first = browsing.browse(market.ports, Query(), 2)
    assert first.next_cursor is not None
    second = browsing.browse(market.ports, Query(), 2, first.next_cursor)
    assert [offer.id for offer in second.offers] == ["vastai:1"]


def test_a_fresh_market_is_ok(market: Market) -> None:
    market.clock.advance(120)
    assert vastai(market) == browsing.MarketStatus(status="ok", fetched_at=NOW, age_seconds=120.0, offers=2)


def test_an_old_one_is_stale_and_says_how_old(market: Market) -> None:
    market.clock.advance(120.001)
    status = vastai(market)
    assert (status.status, status.age_seconds) == ("stale", 120.001)


def test_a_failed_look_is_an_error_and_the_offers_stay_with_their_age(market: Market) -> None:
    look_again(market, 60, ProviderDown("HTTP 502"))
    assert vastai(market) == browsing.MarketStatus(
        status="error", fetched_at=NOW, age_seconds=60.0, offers=2, error="HTTP 502"
    )
    assert "vastai:1" in ids(market)
    assert browse(market).providers["tensordock"].status == "ok"


def test_an_error_stays_an_error_when_the_offers_grow_old(market: Market) -> None:
    look_again(market, 60, ProviderDown("HTTP 502"))
    market.clock.advance(600)
    assert (vastai(market).status, vastai(market).age_seconds) == ("error", 660.0)


def test_the_next_good_look_ends_the_error(market: Market) -> None:
    look_again(market, 60, ProviderDown("HTTP 502"))
    look_again(market, 60)
    status = vastai(market)
    assert (status.status, status.error, status.age_seconds) == ("ok", None, 0.0)


def test_a_market_that_limits_us_is_judged_by_the_age_of_its_offers(market: Market) -> None:
    look_again(market, 60, ProviderBusy("too many searches", retry_after=10))
    status = vastai(market)
    assert (status.status, status.error) == ("ok", "too many searches")
    market.clock.advance(61)
    assert vastai(market).status == "stale"


def test_a_look_that_lacks_interruptible_offers_says_so_and_is_ok() -> None:
    market = Market()

    def before(spot: bool) -> None:
        if spot:
            raise ProviderDown("HTTP 502")

    market.vastai.before = before
    refresh(market.ports)
    status = vastai(market)
    assert (status.status, status.offers, status.error) == ("ok", 1, "no interruptible offers: HTTP 502")


def test_a_market_never_seen_is_an_error() -> None:
    market = Market()
    assert vastai(market) == browsing.MarketStatus(status="error", error="not looked at yet")
    market.vastai.fail("search", ProviderDown("HTTP 502"))
    refresh(market.ports)
    market.clock.advance(2)
    assert vastai(market) == browsing.MarketStatus(status="error", error="HTTP 502")


def test_a_market_without_credentials_is_unconfigured() -> None:
    world = Market().world  # one market configured of the two that are known
    answer = browsing.browse(world.ports, Query(provider=("tensordock",)), 50)
    assert answer.offers == []
    assert answer.providers["tensordock"] == browsing.MarketStatus(status="unconfigured")


def test_a_provider_that_nobody_knows_is_refused(market: Market) -> None:
    with pytest.raises(Refusal, match="none of vastai, tensordock") as refused:
        browse(market, provider=("vastai", "runpod"))
    assert refused.value.extra == {"field": "provider"}


def test_a_hot_answer_reads_nothing(market: Market) -> None:
    browse(market)
    market.inventory.calls.clear()
    market.clock.advance(1.9)
    browse(market)
    assert market.inventory.calls == {}


def test_a_warm_answer_reads_heads_alone(market: Market) -> None:
    browse(market)
    market.inventory.calls.clear()
    market.clock.advance(2)
    browse(market)
    assert market.inventory.calls == {"head": 2}


def test_only_the_market_that_changed_is_read_again(market: Market) -> None:
    browse(market)
    market.vastai.offer(an_offer(id="vastai:2"))
    market.tensordock.fail("search", ProviderDown("HTTP 502"))
    look_again(market, 60)
    market.inventory.calls.clear()
    assert "vastai:2" in ids(market)
    assert market.inventory.calls["get"] == 1


def test_another_store_is_another_inventory(market: Market) -> None:
    assert ids(market)
    assert ids(Market()) == []
    assert ids(market)


def test_that_somebody_asks_is_noted_twice_a_minute_at_most(market: Market) -> None:
    for _ in range(4):
        browse(market)
        market.clock.advance(15)
    assert market.inventory.calls["asked"] == 2
    assert market.inventory.last_asked() == NOW + 30_000


def test_fresh_offers_wake_nobody(market: Market) -> None:
    market.clock.advance(120)
    browse(market)
    assert market.wakeups.due_at() is None


@pytest.mark.parametrize("first", [True, False])
def test_old_or_missing_offers_wake_the_sweep_but_not_with_every_question(first: bool) -> None:
    market = Market()
    if not first:
        refresh(market.ports)
        market.clock.advance(600)
    for _ in range(6):
        browse(market)
        market.clock.advance(1)
    assert [market.wakeups.pop() for _ in range(2)] == [("wake", "inventory")] * 2
    assert market.wakeups.due_at() is None


def test_a_market_that_limits_us_is_not_woken_for(market: Market) -> None:
    look_again(market, 60, ProviderBusy("too many searches", retry_after=10))
    market.clock.advance(200)
    refresh(market.ports)  # the other market
    browse(market)
    assert market.wakeups.due_at() is None


def test_after_an_idle_night_the_first_question_brings_fresh_offers(market: Market) -> None:
    market.clock.advance(700)
    refresh(market.ports)
    assert vastai(market).status == "stale"
    assert market.wakeups.pop() == ("wake", "inventory")
    refresh(market.ports)
    market.clock.advance(2)
    assert vastai(market).status == "ok"


def test_one_offer_is_found_by_its_id_scaled_ones_too(market: Market) -> None:
    four = browsing.find(market.ports, "tensordock:oslo:rtx4090:4")
    assert four is not None
    assert four.gpu_count == 4
    assert browsing.find(market.ports, "vastai:99") is None


def test_an_offer_published_a_moment_ago_is_found(market: Market) -> None:
    browse(market)
    market.vastai.offer(an_offer(id="vastai:2"))
    market.clock.advance(0.5)
    snapshot = market.snapshot()
    market.inventory.put(
        type(snapshot)(provider="vastai", offers=(an_offer(id="vastai:2"),), fetched_at=NOW, tried_at=NOW)
    )
    assert browsing.find(market.ports, "vastai:2") is not None
    assert browsing.find(market.ports, "vastai:1") is None


def test_all_offers_can_be_had_for_choosing(market: Market) -> None:
    assert sorted(offer.id for offer in browsing.offers(market.ports)) == [
        "tensordock:oslo:rtx4090",
        "vastai:1",
        "vastai:1:spot",
    ]
