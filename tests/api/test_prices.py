"""What cards cost lately, by HTTP."""

import pytest

from chalicelib import sweeps
from tests.api.client import Api
from tests.builders import an_offer


def _looked_for(hours: int) -> Api:
    api = Api(
        offers=[
            an_offer(id="vastai:1", gpu_per_hour=0.4),
            an_offer(id="vastai:2", gpu="H100 SXM", vram_gb=80.0, gpu_count=2, gpu_per_hour=4.0),
            an_offer(id="vastai:2:spot", gpu="H100 SXM", vram_gb=80.0, spot=True, gpu_per_hour=1.1),
        ]
    )
    for _ in range(hours):
        api.world.clock.advance(3600)
        sweeps.run("inventory", api.world.ports)
    return api


def test_a_card_has_its_lowest_and_median_price_by_market_and_over_time() -> None:
    told = _looked_for(30).send("GET", "/prices?gpu=h100&spot=false&days=2&step=hour").json
    (series,) = told["prices"]
    assert (series["gpu"], series["vram_gb"], series["provider"], series["spot"]) == ("H100 SXM", 80.0, "vastai", False)
    assert series["lowest"] == series["median"] == pytest.approx(2.0, abs=0.01)
    assert len(series["points"]) == 30
    assert series["latest"] == series["points"][-1]
    assert series["latest"]["offers"] == 1
    assert told["from"] == "2026-09-21T00:00:00.000Z"


def test_without_a_word_all_cards_are_told_by_the_day_a_page_at_a_time() -> None:
    api = _looked_for(30)
    first = api.send("GET", "/prices?limit=2").json
    rest = api.send("GET", f"/prices?limit=2&cursor={first['next_cursor']}").json
    found = first["prices"] + rest["prices"]
    assert [(one["gpu"], one["spot"]) for one in found] == [
        ("H100 SXM", False),
        ("H100 SXM", True),
        ("RTX 4090", False),
    ]
    assert {len(one["points"]) for one in found} == {2}
    assert (first["count"], rest["count"], rest["next_cursor"]) == (2, 1, None)


def test_before_anybody_looked_there_are_none() -> None:
    assert Api().send("GET", "/prices").json["prices"] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("days=0", "days"),
        ("days=31", "days"),
        ("step=hour&days=8", "days"),
        ("step=minute", "step"),
        ("spot=maybe", "spot"),
        ("provider=nowhere", "provider"),
        ("cursor=x", "cursor"),
        ("max_price=1", "max_price"),
    ],
)
def test_what_cannot_be_is_refused_by_name(query: str, field: str) -> None:
    reply = Api().send("GET", f"/prices?{query}")
    assert (reply.status, reply.json["field"]) == (400, field)


def test_it_is_told_to_whoever_has_a_key() -> None:
    assert Api().send("GET", "/prices", who=None).status == 401
