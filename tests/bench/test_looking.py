"""What looking at the markets is assumed to take, and the rules that this follows from."""

import re
from pathlib import Path

import pytest

import chalicelib
from bench import costs, looking
from bench.costs import Looking, Used
from bench.looking import Looks
from chalicelib.domain.policy import Policy
from chalicelib.providers import vastai_offers
from deploy.functions import FUNCTIONS

POLICY = Policy()
UNITS = Looking(whole=Used(reads=90, writes=320), small=Used(reads=10, writes=20), nothing_due=Used(reads=3))


@pytest.mark.parametrize("offers", [0, 1, 63, 64, 65, 126, 127, 128, 945, 946, 950])
def test_the_pages_are_as_many_as_the_market_is_asked_for(offers: int) -> None:
    def ask(query: vastai_offers.Query) -> list[object]:
        asked = query.get("dph_total")
        floor = int(asked["gte"]) if isinstance(asked, dict) else 0
        rows: list[object] = [{"dph_total": float(price)} for price in range(floor, offers)]
        return rows[:64]

    assert looking.pages(offers) == len(list(vastai_offers.pages(ask, spot=False)))


def test_a_look_takes_the_time_that_its_searches_wait_for_their_turn() -> None:
    look = looking.idle_look(POLICY)
    assert look.searches == 2 * 16 + 1
    assert look.seconds == pytest.approx((2 * 16 - 10) * 6 + 0.7)
    assert (look.snapshots, look.small_snapshots) == (1, 1)


def test_while_nobody_asks_there_is_a_look_each_fourteen_minutes() -> None:
    assert looking.idle_looks_a_month(POLICY) == pytest.approx(30 * 24 * 60 / 14)


def test_a_month_of_looks_is_billed_by_their_time_their_slots_and_the_size_of_what_is_written() -> None:
    month, looks = costs.idle_looks(POLICY, UNITS), looking.idle_looks_a_month(POLICY)
    look = looking.idle_look(POLICY)
    assert month.gb_seconds == pytest.approx(looks * look.seconds * FUNCTIONS["inventory"].memory / 1024)
    assert month.writes == pytest.approx(looks * (320 + 2 * look.searches))
    assert month.reads == pytest.approx(looks * 90 + (30 * 24 * 60 - looks) * 3)
    assert month.invocations == 0  # those of the wake-ups are counted with the other sweeps


def test_while_somebody_browses_the_function_is_there_all_the_time_and_writes_each_kind_as_it_is_read() -> None:
    hour = looking.browsed_hour(POLICY)
    assert hour == Looks(seconds=3600, searches=600 + 60, snapshots=600 / 16, small_snapshots=60)
    request = Used(invocations=1, requests=1)
    used = costs.browsed_hour(POLICY, UNITS, request)
    assert used.writes == pytest.approx(600 / 16 * 300 + 60 * 20 + 2 * 660)
    assert used.requests == used.invocations == sum(3600 / pause for pause in costs.PAGE_SECONDS.values())


def test_the_page_asks_as_often_as_is_counted() -> None:
    page = Path(chalicelib.__file__).parent / "dashboard" / "app.js"
    paces = [int(pace) for pace in re.findall(r"^ *every\((\d+)", page.read_text(), re.M)]
    assert sorted(paces) == sorted(costs.PAGE_SECONDS.values())
