"""One create call, and the one right word for every answer to it."""

import json
from contextlib import suppress
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.errors import (
    LaunchRefused,
    LaunchUncertain,
    OfferGone,
    ProviderAuth,
    ProviderBusy,
    ProviderError,
)
from chalicelib.ports import Receipt
from tests.providers.tensordock_stand import JSON, MACHINE, RECORDED, an_order, tensordock

MADE = {"data": {"type": "virtualmachine", "id": MACHINE, "name": "shopper-x", "status": "running"}}


def created(reply: object) -> Receipt:
    adapter, canned = tensordock(reply)
    try:
        return adapter.create(an_order())
    finally:
        assert len(canned.asked) == 1


def e1(text: str, status: int = 400) -> dict[str, Any]:
    return {"status": status, "error": text}


def finding(message: str, *path: str | int) -> list[dict[str, Any]]:
    return [{"code": "custom", "message": message, "path": list(path)}]


@pytest.mark.parametrize("reply", [MADE, (201, MADE), {"id": MACHINE, "status": "queued"}, {"data": {"id": MACHINE}}])
def test_an_id_without_a_complaint_is_a_machine(reply: object) -> None:
    assert created(reply) == Receipt(instance_id=MACHINE)


def test_the_create_waits_long_and_carries_the_token_in_the_header_alone() -> None:
    adapter, canned = tensordock(MADE)
    adapter.create(an_order(image="ubuntu2404_ml_pytorch"))
    [asked] = canned.asked
    assert (asked.method, asked.path, asked.timeout[1]) == ("POST", "/api/v2/instances", 120)
    assert asked.headers["Authorization"] == "Bearer token"
    assert "token" not in json.dumps(asked.body)
    assert asked.body["data"]["attributes"]["image"] == "ubuntu2404_ml_pytorch"  # type: ignore[index]


@pytest.mark.parametrize(
    "text",
    [
        "No available nodes found",
        "No available public IPs on hostnode",
        "No available public IP on hostnode",
        "Hostnode unavailable",
        "insufficient capacity",
        "Not enough capacity at this location",
        "Out of stock",
        "Resource unavailable",
    ],
)
def test_an_empty_shelf_means_the_offer_is_gone(text: str) -> None:
    for reply in (
        e1(text),
        (400, e1(text)),
        (409, {"error": text}),
        {"data": e1(text)},
        {"errors": [{"detail": text}]},
    ):
        with pytest.raises(OfferGone, match=text):
            created(reply)


@pytest.mark.parametrize("text", ["You need at least $1 to deploy", "Your balance is too low", "Insufficient funds"])
def test_no_money_is_said_as_such(text: str) -> None:
    with pytest.raises(LaunchRefused) as caught:
        created(e1(text))
    assert caught.value.kind == "no_funds"


def test_what_the_validator_found_is_our_mistake_and_is_told_with_its_place() -> None:
    found = finding("SSH port (22) must be forwarded for Ubuntu VMs", "data", "attributes", "port_forwards", 0)
    with pytest.raises(LaunchRefused, match=r"data\.attributes\.port_forwards\.0: SSH port") as caught:
        created((400, found))
    assert caught.value.kind == "bad_order"


@pytest.mark.parametrize("text", ["RAM per GPU exceeds ratio limit", "SSH port (22) must be forwarded for Ubuntu VMs"])
def test_a_wrong_order_is_refused_whatever_form_it_is_told_in(text: str) -> None:
    for reply in (e1(text), (400, {"error": text}), (400, finding(text, "data"))):
        with pytest.raises(LaunchRefused) as caught:
            created(reply)
        assert caught.value.kind == "bad_order"


@pytest.mark.parametrize(
    "reply",
    [
        e1("unexpected error during deployment"),
        (400, e1("Virtual machine deployment failed")),
        e1("resource_error: no available nodes found"),
        e1("something nobody has seen yet"),
        e1("No available nodes found", status=500),
        {"status": 400},
        {"success": False},
        {"data": {"type": "virtualmachine", "id": "", "name": "shopper-x"}},
        {"data": {"id": "../../instances"}},
        {"data": {"id": 17}},
        {},
        [],
        [17],
        "",
        "<html>maintenance</html>",
        (204, ""),
        (302, ""),
        (404, {"error": "Not Found"}),
        (500, e1("No available nodes found")),
        (502, "<html>"),
        requests.ReadTimeout(),
        requests.ConnectionError("reset"),
    ],
)
def test_anything_else_may_have_made_a_machine(reply: object) -> None:
    with pytest.raises(LaunchUncertain) as caught:
        created(reply)
    assert caught.value.instance_id is None


@pytest.mark.parametrize(
    "reply",
    [
        {"data": {"id": MACHINE}, "error": "No available nodes found", "status": 400},
        {"data": {"id": MACHINE, "error": "resource_error"}},
        (400, MADE),
        {"data": {"id": MACHINE, "name": "another"}},
    ],
)
def test_a_refusal_with_an_id_is_a_machine_to_be_destroyed(reply: object) -> None:
    with pytest.raises(LaunchUncertain) as caught:
        created(reply)
    assert caught.value.instance_id == MACHINE


@pytest.mark.parametrize("reply", [(401, "Unauthorized"), (403, ""), e1("Unauthorized", status=401)])
def test_refused_credentials_are_no_doubt(reply: object) -> None:
    with pytest.raises(ProviderAuth):
        created(reply)


def test_one_call_too_many_is_never_sent_again() -> None:
    with pytest.raises(ProviderBusy):
        created((429, {"error": "Rate limit exceeded. Please try again later."}))


@given(st.integers(200, 499), JSON)
@settings(max_examples=150, deadline=None)
def test_every_answer_is_a_receipt_or_a_word_of_the_contract(status: int, body: object) -> None:
    with suppress(OfferGone, LaunchRefused, LaunchUncertain, ProviderAuth, ProviderBusy):
        assert created((status, body)).instance_id


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded data is not here")
def test_every_recorded_create_error_is_understood() -> None:
    meant = {
        "No available nodes found": OfferGone,
        "No available public IPs on hostnode": OfferGone,
        "Hostnode unavailable": OfferGone,
        "unexpected error during deployment": LaunchUncertain,
        "SSH port (22) must be forwarded for Ubuntu VMs": LaunchRefused,
        "Unauthorized": ProviderAuth,
    }
    understood = set()
    for record in json.loads((RECORDED / "observed_v2_errors.json").read_text("utf-8"))["errors"]:
        body = record.get("body", record.get("text"))
        if record["op"] != "POST /instances" or body is None:
            continue
        status = record["http_status"] or 200
        text = body if isinstance(body, str) else (body[0]["message"] if isinstance(body, list) else body["error"])
        reply = e1(body) if isinstance(body, str) and status == 200 else body
        with pytest.raises(ProviderError) as caught:
            created((status, reply))
        assert type(caught.value) is meant[text]
        understood.add(text)
    assert understood == set(meant)


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded data is not here")
def test_the_recorded_create_is_a_machine_under_its_own_name() -> None:
    records = json.loads((RECORDED / "observed_v2_instances.json").read_text("utf-8"))
    adapter, _ = tensordock(records["create_201_or_200_recorded"]["body"])
    with pytest.raises(LaunchUncertain) as caught:  # it was another name than the one ordered here
        adapter.create(an_order())
    assert caught.value.instance_id == MACHINE
