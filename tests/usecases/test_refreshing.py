"""When markets are looked at, and what is kept of it."""

from collections.abc import Callable, Sequence
from threading import Barrier

import pytest
from msgspec.structs import replace

from chalicelib import sweeps
from chalicelib.domain.errors import ProviderAuth, ProviderBusy, ProviderDown, StoreDown
from chalicelib.sweeps import messages
from chalicelib.usecases.refreshing import refresh, side_by_side
from tests.builders import NOW, an_offer
from tests.usecases.stalls import Market, one_by_one


@pytest.fixture
def market() -> Market:
    return Market()


def look(market: Market) -> None:
    refresh(market.ports, one_by_one)


def after(market: Market, seconds: float) -> list[str]:
    """What is searched of Vast.ai by a sweep so many seconds from now."""
    market.clock.advance(seconds)
    market.vastai.searched.clear()
    look(market)
    return market.vastai.searched


def only_spot_fails(market: Market, error: Exception) -> None:
    def before(spot: bool) -> None:
        if spot:
            raise error

    market.vastai.before = before


def test_the_first_look_keeps_all_offers_of_every_market(market: Market) -> None:
    look(market)
    assert market.ids("vastai") == ["vastai:1", "vastai:1:spot"]
    assert market.ids("tensordock") == ["tensordock:oslo:rtx4090"]
    snapshot = market.snapshot()
    assert (snapshot.fetched_at, snapshot.tried_at, snapshot.error, snapshot.limited) == (NOW, NOW, None, False)


def test_a_message_that_says_if_due_finds_nothing_to_do_soon_after(market: Market) -> None:
    look(market)
    market.vastai.searched.clear()
    messages.handle(market.ports, '{"wake": "inventory"}')
    assert market.vastai.searched == []
    messages.handle(market.ports, '{"sweep": "inventory"}')
    assert market.vastai.searched == ["on demand", "spot"]


def test_the_sweep_looks_at_the_markets(market: Market) -> None:
    sweeps.run("inventory", market.ports)
    assert market.ids("tensordock") == ["tensordock:oslo:rtx4090"]


def test_while_nobody_asks_a_quarter_of_an_hour_passes_between_looks(market: Market) -> None:
    look(market)
    assert after(market, 780) == []
    assert after(market, 119) == ["on demand", "spot"]


def test_while_somebody_asks_a_minute_passes_between_looks(market: Market) -> None:
    look(market)
    market.inventory.asked(market.clock.now())
    assert after(market, 50) == []
    assert after(market, 9) == ["on demand"]


def test_a_few_minutes_after_the_last_question_nobody_asks(market: Market) -> None:
    look(market)
    market.inventory.asked(market.clock.now())
    assert after(market, 299) == ["on demand", "spot"]
    assert after(market, 60) == []


def test_a_short_life_of_offers_means_looks_as_often() -> None:
    market = Market(SHOPPER_INVENTORY_TTL_SECONDS="10")
    look(market)
    market.inventory.asked(market.clock.now())
    assert after(market, 10) == ["on demand"]


def test_interruptible_offers_are_looked_at_less_often_and_keep_their_own_age(market: Market) -> None:
    look(market)
    market.inventory.asked(market.clock.now())
    assert after(market, 60) == ["on demand"]
    ages = {offer.id: market.clock.now() - offer.fetched_at for offer in market.snapshot().offers}
    assert ages == {"vastai:1": 0, "vastai:1:spot": 60_000}
    assert after(market, 210) == ["on demand", "spot"]


def test_a_market_that_limits_us_is_left_alone_for_five_minutes(market: Market) -> None:
    look(market)
    market.vastai.fail("search", ProviderBusy("too many searches", retry_after=10))
    market.clock.advance(900)
    look(market)
    assert market.snapshot().limited
    market.inventory.asked(market.clock.now())
    assert after(market, 240) == []
    assert after(market, 59) == ["on demand", "spot"]
    assert not market.snapshot().limited


def test_a_market_with_nothing_to_show_is_tried_again_soon(market: Market) -> None:
    market.vastai.fail("search", ProviderDown("HTTP 502"))
    look(market)
    assert after(market, 10) == []
    assert after(market, 5) == ["on demand", "spot"]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ProviderDown("HTTP 502"), "HTTP 502"),
        (ProviderAuth(""), "ProviderAuth"),
        (KeyError("a secret"), "internal error: KeyError"),
    ],
)
def test_a_failed_look_is_noted_and_leaves_offers_and_other_markets_alone(
    market: Market, error: Exception, told: str
) -> None:
    look(market)
    market.vastai.fail("search", error)
    market.tensordock.offer(an_offer(id="tensordock:new", provider="tensordock"))
    market.clock.advance(900)
    look(market)
    snapshot = market.snapshot()
    assert (snapshot.error, snapshot.fetched_at, snapshot.tried_at) == (told, NOW, market.clock.now())
    assert market.ids("vastai") == ["vastai:1", "vastai:1:spot"]
    assert market.ids("tensordock") == ["tensordock:new", "tensordock:oslo:rtx4090"]


def test_markets_are_looked_at_at_the_same_time(market: Market) -> None:
    both = Barrier(2)
    for stall in (market.vastai, market.tensordock):
        stall.before = lambda spot: None if spot else (both.wait(timeout=10), None)[1]
    refresh(market.ports, side_by_side)
    assert market.snapshot("vastai").error is None
    assert market.snapshot("tensordock").error is None


def test_only_one_of_overlapping_sweeps_looks(market: Market) -> None:
    market.vastai.before = lambda spot: look(market)
    look(market)
    assert market.vastai.searched == ["on demand", "spot"]


def test_who_finds_that_somebody_has_just_looked_does_not_look_again(market: Market) -> None:
    def late(looks: Sequence[Callable[[], None]]) -> None:
        look(market)
        one_by_one(looks)

    refresh(market.ports, late)
    assert market.vastai.searched == ["on demand", "spot"]


class Died(BaseException):
    """Nothing catches it, as nothing catches the end of a process."""


def claimed_until_after_death(market: Market) -> int:
    """Milliseconds from now for which nobody else may look, after somebody who did is no more."""

    def die(spot: bool) -> None:
        raise Died

    market.vastai.before = die
    market.inventory.release = lambda provider, until: None  # type: ignore[method-assign]
    with pytest.raises(Died):
        look(market)
    del market.inventory.release
    market.vastai.before = lambda spot: None
    return next(
        wait
        for wait in range(0, 3_600_000, 1000)
        if market.inventory.claim("vastai", market.clock.now() + wait, market.clock.now() + wait)
    )


def test_whoever_died_while_looking_holds_the_market_up_for_two_minutes(market: Market) -> None:
    market.ports = replace(market.ports, settings=replace(market.ports.settings, is_local=True))
    assert claimed_until_after_death(market) == 120_000
    assert after(market, 120) == ["on demand", "spot"]


def test_on_lambda_a_look_is_claimed_for_as_long_as_its_function_may_run(market: Market) -> None:
    """The clock wakes the next one each minute, whether the last is back or not."""
    assert claimed_until_after_death(market) == 600_000


def test_on_lambda_nobody_looks_beside_a_look_of_many_minutes(market: Market) -> None:
    def slow(spot: bool) -> None:
        for _ in range(4 if len(market.vastai.searched) <= 2 else 0):
            market.clock.advance(60)
            look(market)

    market.vastai.before = slow
    look(market)
    assert market.vastai.searched == ["on demand", "spot"]


def test_a_look_whose_failure_cannot_be_noted_gives_its_claim_back(market: Market) -> None:
    def down(provider: str, tried_at: int, error: str, limited: bool) -> None:
        raise StoreDown("the table is away")

    market.vastai.fail("search", ProviderDown("HTTP 502"))
    market.inventory.mark_failed = down  # type: ignore[method-assign]
    with pytest.raises(StoreDown):
        look(market)
    del market.inventory.mark_failed
    assert after(market, 1) == ["on demand", "spot"]


def published_before_spot(market: Market) -> list[str]:
    shown: list[str] = []

    def before(spot: bool) -> None:
        if spot and market.inventory.get("vastai"):
            shown.extend(market.ids())

    market.vastai.before = before
    return shown


def test_the_first_on_demand_offers_are_shown_before_the_others_are_looked_for(market: Market) -> None:
    shown = published_before_spot(market)
    look(market)
    assert shown == ["vastai:1"]


def test_old_offers_are_replaced_before_the_interruptible_ones_are_looked_for(market: Market) -> None:
    look(market)
    market.vastai.offer(an_offer(id="vastai:2"))
    shown = published_before_spot(market)
    market.clock.advance(900)
    market.inventory.asked(market.clock.now())
    look(market)
    assert shown == ["vastai:1", "vastai:1:spot", "vastai:2"]


def test_so_they_are_for_somebody_who_came_while_the_others_were_looked_for(market: Market) -> None:
    look(market)
    market.vastai.offer(an_offer(id="vastai:2"))
    shown = published_before_spot(market)
    published = market.vastai.before

    def before(spot: bool) -> None:
        published(spot)
        if not spot:
            market.inventory.asked(market.clock.now())

    market.vastai.before = before
    after(market, 900)
    assert shown == ["vastai:1", "vastai:1:spot", "vastai:2"]


def test_and_for_somebody_who_demanded_all_of_it(market: Market) -> None:
    look(market)
    market.vastai.offer(an_offer(id="vastai:2"))
    shown = published_before_spot(market)
    market.clock.advance(900)
    refresh(market.ports, one_by_one, everything=True)
    assert shown == ["vastai:1", "vastai:1:spot", "vastai:2"]


def test_where_nobody_asks_all_offers_are_written_once(market: Market) -> None:
    """Each write is of the whole market, and is billed by its size."""
    look(market)
    market.vastai.before = lambda spot: None if spot else (market.clock.advance(90), None)[1]
    market.inventory.calls.clear()
    assert after(market, 900) == ["on demand", "spot"]
    assert market.inventory.calls["put"] == 2  # one for each market


def test_a_quick_look_at_fresh_offers_is_written_once() -> None:
    market = Market(SHOPPER_INVENTORY_SPOT_FACTOR="0.5")
    look(market)
    market.inventory.asked(market.clock.now())
    market.inventory.calls.clear()
    assert after(market, 60) == ["on demand", "spot"]
    assert market.inventory.calls["put"] == 2  # one for each market


def test_a_slow_look_shows_what_it_has() -> None:
    market = Market(SHOPPER_INVENTORY_SPOT_FACTOR="0.5")
    look(market)
    market.inventory.asked(market.clock.now())
    market.vastai.before = lambda spot: None if spot else (market.clock.advance(3), None)[1]
    market.inventory.calls.clear()
    after(market, 60)
    assert market.inventory.calls["put"] == 3


def test_where_only_the_interruptible_offers_fail_the_older_ones_stay_and_it_is_said(market: Market) -> None:
    look(market)
    market.vastai.withdraw("vastai:1:spot")
    market.vastai.offer(an_offer(id="vastai:2"))
    only_spot_fails(market, ProviderBusy("too many searches", retry_after=10))
    market.inventory.asked(market.clock.now())
    after(market, 270)
    snapshot = market.snapshot()
    assert market.ids() == ["vastai:1", "vastai:1:spot", "vastai:2"]
    assert snapshot.fetched_at == market.clock.now()
    assert snapshot.error == "older interruptible offers: too many searches"
    assert snapshot.limited


def test_interruptible_offers_that_cannot_be_renewed_are_dropped_in_the_end(market: Market) -> None:
    look(market)
    only_spot_fails(market, ProviderDown("HTTP 502"))
    after(market, 901)
    assert market.ids() == ["vastai:1"]
    assert market.snapshot().error == "no interruptible offers: HTTP 502"


def test_a_sweep_asked_for_looks_at_everything_due_or_not(market: Market) -> None:
    look(market)
    assert after(market, 5) == []
    refresh(market.ports, one_by_one, everything=True)
    assert market.vastai.searched == ["on demand", "spot"]


def test_one_asked_for_while_somebody_looks_waits_for_the_end_of_that_look(market: Market) -> None:
    now = market.clock.now()
    assert market.ports.inventory.claim("vastai", now, now + 5_000)
    refresh(market.ports, one_by_one, everything=True)
    assert market.vastai.searched == ["on demand", "spot"]
    assert 4_000 <= market.clock.now() - now <= 6_000


def test_one_asked_for_does_not_wait_for_ever(market: Market) -> None:
    now = market.clock.now()
    for name in market.ports.providers:
        assert market.ports.inventory.claim(name, now, now + 600_000)
    refresh(market.ports, one_by_one, everything=True)
    assert market.vastai.searched == []
    assert market.clock.now() - now == 60_000
