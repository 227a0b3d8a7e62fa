"""Asking for one machine of Vast.ai, ending it, its key and the balance: doubt is never absence."""

import json
from collections.abc import Callable

import pytest

from chalicelib.domain.errors import ProviderAuth, ProviderBusy, ProviderDown
from chalicelib.domain.instance import Absent, Instance
from chalicelib.providers.vastai import VastAi
from tests.providers.vastai_stand import KEY, RECORDED, a_machine, answering

GONE = (404, {"success": False, "error": "no_such_instance", "msg": "No such instance."})
NO_KEY = [
    (401, "Unauthorized"),
    (403, {"success": False, "error": "auth_error", "msg": "This action requires login."}),
    (403, "<html>"),
    (404, {"success": False, "error": "auth_error", "msg": "Invalid user key"}),
]
CALLS: dict[str, Callable[[VastAi], object]] = {
    "get": lambda market: market.get("7"),
    "destroy": lambda market: market.destroy("7"),
    "attach_key": lambda market: market.attach_key("7", KEY),
    "balance": lambda market: market.balance(),
}


@pytest.mark.parametrize("answer", [{"instances": a_machine(7)}, {"instances": [a_machine(7)]}])
def test_a_machine_that_exists_is_told(answer: object) -> None:
    market, wire = answering(answer)
    found = market.get("7")
    assert isinstance(found, Instance)
    assert found.id == "7"
    assert (wire.asked[0].method, wire.asked[0].path) == ("GET", "/api/v0/instances/7/")


@pytest.mark.parametrize("answer", [{"instances": None}, {"success": True, "instances": None}, GONE])
def test_the_markets_own_word_is_absence(answer: object) -> None:
    assert answering(answer)[0].get("7") == Absent(instance_id="7")


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        "",
        "<html>",
        "null",
        {"instances": []},
        {"instances": [a_machine(7), a_machine(8)]},
        {"instances": "none"},
        {"instances": False},
        {"instances": {}},
        {"instances": a_machine(8)},
        {"success": False, "instances": None},
        {"instance": None},
        (404, {"success": False, "error": "not_found"}),
        (404, "<html>"),
        (404, {}),
        (410, {"success": False, "error": "deprecated_endpoint"}),
        (302, {"instances": None}),
        (204, ""),
    ],
)
def test_any_doubt_is_neither_a_machine_nor_absence(answer: object) -> None:
    with pytest.raises(ProviderDown):
        answering(answer, answer)[0].get("7")


@pytest.mark.parametrize("answer", [{"success": True}, {"success": True, "msg": "destroyed"}, {}, GONE])
def test_a_destroy_that_was_accepted_or_came_too_late_returns(answer: object) -> None:
    market, wire = answering(answer)
    market.destroy("7")
    [asked] = wire.asked
    assert (asked.method, asked.path, asked.json) == ("DELETE", "/api/v0/instances/7/", {})


@pytest.mark.parametrize(
    "answer",
    [{"success": False, "msg": "later"}, "<html>", "", [], (404, "<html>"), (400, {"error": "bad_request"}), (302, "")],
)
def test_a_destroy_without_a_clear_yes_did_not_happen(answer: object) -> None:
    with pytest.raises(ProviderDown):
        answering(answer)[0].destroy("7")


def test_a_destroy_is_sent_once_more_after_a_failure_on_the_way() -> None:
    market, wire = answering((502, ""), GONE)
    market.destroy("7")
    assert len(wire.asked) == 2


def test_a_key_is_attached_to_the_machine() -> None:
    market, wire = answering({"success": True, "msg": "SSH key added"})
    market.attach_key("7", KEY)
    [asked] = wire.asked
    assert (asked.method, asked.path, asked.json) == ("POST", "/api/v0/instances/7/ssh/", {"ssh_key": KEY})


@pytest.mark.parametrize(
    "answer", [(400, {"success": False, "msg": "Key already associated"}), {"success": False, "msg": "already"}]
)
def test_a_key_that_is_there_already_is_attached(answer: object) -> None:
    answering(answer)[0].attach_key("7", KEY)


@pytest.mark.parametrize("answer", [GONE, {"success": False, "msg": "busy"}, "", (400, {"error": "invalid_args"})])
def test_a_key_that_was_not_taken_is_told(answer: object) -> None:
    with pytest.raises(ProviderDown):
        answering(answer)[0].attach_key("7", KEY)


@pytest.mark.parametrize(
    ("answer", "micros"),
    [
        ({"id": 1, "credit": 12.345678, "balance": 0.0}, 12_345_678),
        ({"id": 1, "credit": None, "balance": 3.5}, 3_500_000),
        ({"id": 1, "balance": -0.25}, -250_000),
        ({"id": 1, "credit": 0}, 0),
        ({"id": 1}, None),
        ({"id": 1, "credit": "lots"}, None),
    ],
)
def test_the_balance_is_what_can_be_spent(answer: object, micros: int | None) -> None:
    assert answering(answer)[0].balance() == micros


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("answer", NO_KEY)
def test_refused_credentials_are_told_as_such_whatever_was_asked(call: str, answer: object) -> None:
    with pytest.raises(ProviderAuth):
        CALLS[call](answering(answer)[0])


@pytest.mark.parametrize("call", CALLS)
def test_a_market_in_trouble_is_down_whatever_was_asked(call: str) -> None:
    with pytest.raises(ProviderDown):
        CALLS[call](answering((500, "<html>"), (503, ""))[0])


@pytest.mark.skipif(not RECORDED.exists(), reason="no recorded data beside the project")
@pytest.mark.parametrize("call", CALLS)
def test_the_recorded_limit_is_understood_whatever_was_asked(call: str) -> None:
    recorded = json.loads((RECORDED / "recorded_responses.json").read_text())["rate_limited_2026-07-25"]
    with pytest.raises(ProviderBusy) as caught:
        CALLS[call](answering((recorded["status"], recorded["body"]))[0])
    assert caught.value.retry_after == 10


@pytest.mark.parametrize("bad", ["", "0", "-7", "7/../8", "7?x=1", "seven", "7 ", "٧", "7" * 30])
def test_what_is_no_id_never_enters_a_url(bad: str) -> None:
    market, wire = answering()
    for call in (market.get, market.destroy, lambda one: market.attach_key(one, KEY)):
        with pytest.raises(ValueError, match="not an id"):
            call(bad)
    assert wire.asked == []


def test_reasons_are_short_and_printable() -> None:
    answer = (400, {"success": False, "error": "bad\n_thing" * 50, "msg": "\x1b[2J" + "x" * 5000})
    with pytest.raises(ProviderDown) as caught:
        answering(answer)[0].balance()
    assert caught.value.reason.isprintable()
    assert len(caught.value.reason) < 350
