"""A list of Vast.ai's machines is whole or it is nothing: every way in which a page can be missing."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.errors import ListIncomplete, ProviderAuth, ProviderBusy
from tests.fakes.clock import START, ManualClock
from tests.fakes.gate import OpenGate
from tests.providers.vastai_stand import RECORDED, TAG, Asked, Row, a_machine, answering, vastai


class Account:
    """Lists its machines in pages, by keyset, as the real one does."""

    def __init__(self, count: int) -> None:
        self.rows = [a_machine(number, label=f"machine {number}") for number in range(1, count + 1)]

    def __call__(self, asked: Asked) -> dict[str, Any]:
        assert (asked.method, asked.path) == ("GET", "/api/v1/instances/")
        assert json.loads(asked.params["order_by"]) == [{"col": "id", "dir": "asc"}]
        after, limit = int(asked.params.get("after_token", "0")), int(asked.params["limit"])
        assert 0 < limit <= 25
        left = [row for row in self.rows if row["id"] > after]
        here = left[:limit]
        return {
            "success": True,
            "instances_found": len(here),
            "total_instances": len(self.rows),
            "next_token": str(here[-1]["id"]) if len(left) > limit else None,
            "instances": here,
        }


def a_page(*rows: object, **fields: object) -> dict[str, object]:
    return {"success": True, "instances": list(rows), "next_token": None, **fields}


@pytest.mark.parametrize("count", [0, 1, 25, 26, 50, 51, 137])
def test_every_page_is_read(count: int) -> None:
    market, wire = vastai(Account(count))
    listing = market.list()
    assert [machine.id for machine in listing.instances] == [str(number) for number in range(1, count + 1)]
    assert listing.provider == "vastai"
    assert len(wire.asked) == max(1, -(-count // 25))


def test_a_further_page_may_wait_for_longer_than_the_first() -> None:
    gate = OpenGate()
    market, _ = vastai(Account(51), gate=gate)
    market.list()
    assert gate.going_on == [False, True, True]


@settings(max_examples=50, deadline=None)
@given(count=st.integers(0, 120), fault=st.sampled_from(["drop", "stop", "count"]), at=st.integers(0, 200))
def test_a_row_lost_on_the_way_makes_the_list_incomplete(count: int, fault: str, at: int) -> None:
    account = Account(count)
    broken: list[bool] = []

    def faulty(asked: Asked) -> dict[str, Any]:
        page = account(asked)
        if fault == "drop" and page["instances"]:
            del page["instances"][at % len(page["instances"])]
            broken.append(True)
        if fault == "stop" and page["next_token"]:
            page["next_token"] = None
            broken.append(True)
        if fault == "count":
            page["total_instances"] += 1
            broken.append(True)
        return page

    try:
        found = vastai(faulty)[0].list()
    except ListIncomplete:
        assert broken
    else:
        assert not broken
        assert len(found.instances) == count


def test_the_list_is_as_old_as_its_first_page() -> None:
    clock = ManualClock()
    account = Account(60)

    def slow(asked: Asked) -> dict[str, Any]:
        clock.advance(2)
        return account(asked)

    assert vastai(slow, clock)[0].list().taken_at == START


@pytest.mark.parametrize(
    "page",
    [
        {},
        {"success": False, "instances": [], "next_token": None},
        {"success": True, "instances": None, "next_token": None},
        {"success": True, "instances": {}, "next_token": None},
        {"instances": []},
        a_page(None),
        a_page({"label": TAG}),
        a_page(a_machine(7), a_machine(7)),
        a_page(a_machine(7), total_instances=2),
        a_page(a_machine(7), total_instances=0),
        a_page(a_machine(7), total_instances="many"),
        a_page(a_machine(7), total_instances=-1),
        a_page(a_machine(7), instances_found=2),
        a_page(a_machine(7), instances_found=2, total_instances=1),
        a_page(next_token=7),
        a_page(next_token="x" * 5000),
        [],
        "<html>",
        "",
        (302, a_page()),
        (400, {"success": False, "error": "invalid_token"}),
        (404, {"success": False, "error": "not_found"}),
        (404, "<html>"),
        (500, a_page()),
    ],
)
def test_a_page_of_any_other_shape_is_an_incomplete_list(page: object) -> None:
    with pytest.raises(ListIncomplete):
        vastai(lambda asked: page)[0].list()


@pytest.mark.parametrize(
    "page",
    [
        a_page(),
        a_page(a_machine(7)),
        a_page(a_machine(7), total_instances=1, instances_found=1),
        {"instances": [a_machine(7)], "total_instances": 1},
        a_page(a_machine(7), next_token=""),
    ],
)
def test_a_page_that_says_enough_is_believed(page: dict[str, Any]) -> None:
    assert len(answering(page)[0].list().instances) == len(page["instances"])


def test_a_page_that_repeats_its_token_is_an_incomplete_list() -> None:
    market, wire = vastai(lambda asked: a_page(a_machine(7), next_token="again"))
    with pytest.raises(ListIncomplete, match="next one"):
        market.list()
    assert len(wire.asked) == 2


def test_pages_without_end_are_an_incomplete_list() -> None:
    def endless(asked: Asked) -> Row:
        number = int(asked.params.get("after_token", "0")) + 1
        return a_page(a_machine(number), next_token=str(number))

    market, wire = vastai(endless)
    with pytest.raises(ListIncomplete, match="400 pages"):
        market.list()
    assert len(wire.asked) == 400


def test_a_machine_that_moved_between_pages_counts_once_where_the_total_agrees() -> None:
    first, second = a_page(a_machine(1), a_machine(2), next_token="t"), a_page(a_machine(2), a_machine(3))
    assert len(answering(first, second | {"total_instances": 3})[0].list().instances) == 3
    for further in ({}, {"total_instances": 4}):
        with pytest.raises(ListIncomplete):
            answering(first, second | further)[0].list()


def test_a_total_told_on_an_earlier_page_holds_where_the_last_one_tells_none() -> None:
    first = a_page(a_machine(1), next_token="t", total_instances=3)
    with pytest.raises(ListIncomplete):
        answering(first, a_page(a_machine(3)))[0].list()
    assert len(answering(first, a_page(a_machine(2), a_machine(3)))[0].list().instances) == 3


def test_a_machine_made_while_the_list_is_read_is_listed() -> None:
    first = a_page(a_machine(1), next_token="t", total_instances=2, instances_found=1)
    second = a_page(a_machine(2), a_machine(3), total_instances=3, instances_found=2)
    assert len(answering(first, second)[0].list().instances) == 3


@pytest.mark.skipif(not RECORDED.exists(), reason="no recorded data beside the project")
def test_the_recorded_answer_of_a_retired_list_is_never_an_empty_list() -> None:
    recorded = json.loads((RECORDED / "recorded_responses.json").read_text())["v0_list_deprecated_2026"]
    with pytest.raises(ListIncomplete, match="deprecated_endpoint"):
        answering((recorded["status"], recorded["body"]))[0].list()


@pytest.mark.parametrize(
    "answer",
    [
        (401, {"success": False}),
        (403, {"success": False, "error": "auth_error"}),
        (404, {"success": False, "error": "auth_error", "msg": "Invalid user key"}),
        (200, {"success": False, "error": "auth_error"}),
    ],
)
def test_refused_credentials_are_no_list_and_are_told_as_such(answer: object) -> None:
    with pytest.raises(ProviderAuth):
        answering(answer)[0].list()


def test_too_many_calls_between_two_pages_is_no_list() -> None:
    with pytest.raises(ProviderBusy):
        answering(a_page(a_machine(7), next_token="t"), (429, ""))[0].list()
