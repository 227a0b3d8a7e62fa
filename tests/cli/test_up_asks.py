"""`up` on a terminal: the price is shown and agreed to before anything is spent."""

import pytest

from tests.cli.conftest import Run
from tests.cli.stub import Stub, problem
from tests.cli.things import SESSION_ID, offer, session

TERMS = {"default_hours": 1.0, "hard_max_hours": 12.0, "hold_margin_hours": 0.25, "price_tolerance": 0.1}


@pytest.fixture
def market(stub: Stub) -> Stub:
    stub.says("GET", "/inventory/vastai:101", offer("vastai:101", 0.35))
    cheapest = [offer("vastai:1", 0.3), offer("vastai:2", 0.4), offer("vastai:3", 0.5), offer("vastai:4", 0.6)]
    stub.lists("/inventory", "offers", cheapest, providers={})
    stub.says("GET", "/me", {"key_id": "k", "consumer": {"id": "alice"}, "terms": TERMS})
    stub.says("POST", "/sessions", session(), status=202)
    stub.says("GET", f"/sessions/{SESSION_ID}", session("provisioning"), session("running"))
    return stub


def test_an_offer_is_shown_with_price_times_hours_and_its_end(market: Stub, typed: Run) -> None:
    ran = typed("up", "--offer", "vastai:101", "--hours", "2", answer="y\n")
    assert ran.code == 0, ran.err
    assert "Rent it for 2 h, until " in ran.err
    assert "at no more than $0.350/h, $0.70 in all? [y/N]" in ran.err
    assert market.asked[0].query == [("disk_gb", "40")]


def test_what_is_held_and_the_hard_max_stand_before_the_question(market: Stub, typed: Run) -> None:
    ran = typed("up", "--offer", "vastai:101", "--hours", "2")
    assert "$0.7875 is held for it meanwhile, the worst case · hard max 12 h, " in ran.err  # 2.25 h at $0.35
    ran = typed("up", "--offer", "vastai:101", "--hours", "2", "--max-price", "1")
    assert "$0.8662 is held for it meanwhile" in ran.err  # a tenth more may be accepted then
    assert "at no more than $0.385/h, $0.77 in all?" in ran.err


def test_hosts_that_the_service_would_not_choose_are_not_shown(market: Stub, typed: Run) -> None:
    shaky = offer("vastai:9", 0.1, reliability=0.6)
    market.lists(
        "/inventory", "offers", [shaky, offer("vastai:1", 0.3), offer("t:2", 0.4, reliability=None)], providers={}
    )
    ran = typed("up", "--gpu", "RTX 4090")
    assert ("vastai:9" in ran.err, "vastai:1" in ran.err, "t:2" in ran.err) == (False, True, True)
    assert "vastai:9" in typed("up", "--gpu", "RTX 4090", "--min-reliability", "0").err


def test_what_was_agreed_to_is_the_dearest_that_may_be_rented(market: Stub, typed: Run) -> None:
    typed("up", "--offer", "vastai:101", answer="yes\n")
    assert market.of("POST")[0].body["max_price"] == 0.35
    typed("up", "--offer", "vastai:101", "--max-price", "0.4", answer="yes\n")
    assert market.of("POST")[1].body["max_price"] == 0.4


def test_for_wishes_the_cheapest_candidates_are_shown(market: Stub, typed: Run) -> None:
    ran = typed("up", "--gpu", "RTX 4090", answer="y\n")
    assert all(f"vastai:{n}" in ran.err for n in (1, 2, 3))
    assert "vastai:4" not in ran.err
    assert "Rent the cheapest of these 3 that can be had for 1 h" in ran.err
    assert market.of("POST")[0].body["max_price"] == 0.5
    query = [("spot", "false"), ("disk_gb", "40"), ("gpu", "RTX 4090"), ("gpu_count", "1"), ("limit", "50")]
    assert market.asked[0].query == query


@pytest.mark.parametrize("answer", ["", "n\n", "\n", "maybe\n"])
def test_anything_but_a_yes_rents_nothing(market: Stub, typed: Run, answer: str) -> None:
    ran = typed("up", "--offer", "vastai:101", answer=answer)
    assert ran.code == 1
    assert ran.err.endswith("gpu-shopper: nothing was rented\n")
    assert market.of("POST") == []


def test_yes_does_not_ask_or_look(market: Stub, typed: Run) -> None:
    assert "[y/N]" not in typed("up", "--offer", "vastai:101", "--yes").err
    assert market.of("GET", "/inventory/vastai:101") == []


def test_an_offer_that_is_gone_says_where_to_look(stub: Stub, typed: Run) -> None:
    stub.says("GET", "/inventory/vastai:101", problem(404, "offer_gone", "vastai:101 is gone"))
    assert "gpu-shopper inventory" in typed("up", "--offer", "vastai:101").err


def test_nothing_that_matches_is_said_before_anything_is_asked_for(stub: Stub, typed: Run) -> None:
    stub.lists("/inventory", "offers", [], providers={})
    ran = typed("up", "--gpu", "RTX 4090")
    assert (ran.code, stub.of("POST")) == (1, [])
    assert "no offer matches" in ran.err


def test_progress_is_one_line_redrawn_and_gone_at_the_end(market: Stub, typed: Run) -> None:
    ran = typed("up", "--offer", "vastai:101", "--yes")
    frames = ran.err.split("\r\x1b[2K")
    assert any("0:00  pending" in frame for frame in frames)
    assert any("0:00  provisioning" in frame for frame in frames)
    assert frames[-1] == ""
    assert "\n" not in ran.err
