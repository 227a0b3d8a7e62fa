"""The one create call at Vast.ai: what it says, and what each possible answer proves."""

import base64
import json
import logging
from typing import Any

import msgspec
import pytest
import requests
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import (
    LaunchRefused,
    LaunchUncertain,
    OfferGone,
    ProviderAuth,
    ProviderBusy,
    ProviderDown,
    ProviderError,
)
from chalicelib.ports import Receipt
from tests.providers.vastai_stand import KEY, RECORDED, TAG, an_offer, an_order, answering

YES = {"success": True, "new_contract": 4711, "instance_api_key": "canary-instance-key"}


def sent(**fields: Any) -> dict[str, Any]:
    market, wire = answering(YES)
    market.create(an_order(**fields))
    [asked] = wire.asked
    assert (asked.method, asked.path) == ("PUT", "/api/v0/asks/1/")
    body: dict[str, Any] = asked.json
    return body


def test_the_order_is_put_into_the_words_of_the_market() -> None:
    body = sent(env={"HF_TOKEN": "it's $HOME", "_X": ""}, ports=(8080, 22), image="org/image:1", disk_gb=40)
    onstart = body.pop("onstart")
    assert body == {
        "client_id": "me",
        "image": "org/image:1",
        "env": {"HF_TOKEN": "it's $HOME", "_X": "", "-p 8080:8080": "1"},
        "price": None,
        "disk": 40,
        "label": TAG,
        "runtype": "ssh_direct",
        "cancel_unavail": True,
        "target_state": "running",
    }
    assert KEY in onstart


def test_without_an_image_the_markets_own_is_rented_and_never_less_disk_than_it_has() -> None:
    body = sent(disk_gb=1)
    assert body["image"] == answering()[0].default_image
    assert body["disk"] == 8


def test_an_interruptible_offer_is_bid_for_by_its_plain_number() -> None:
    assert sent(offer=an_offer(spot=True), bid_per_hour=0.013333333333333334)["price"] == 0.013333333333333334


def test_the_script_travels_in_a_variable_whatever_it_holds() -> None:
    source = "#!/bin/sh\necho 'it\"s' $(date) ´\n" * 300
    body = sent(onstart=source)
    assert base64.b64decode(body["env"]["SHOPPER_ONSTART"]).decode() == source
    assert len(body["onstart"]) < 4000
    assert "date" not in body["onstart"]


def test_without_a_script_nothing_is_carried() -> None:
    assert sent()["env"] == {}


@pytest.mark.parametrize(
    "fields",
    [
        {"env": {"-p 70001:70001": "1"}},
        {"env": {"A B": "1"}},
        {"env": {"": "1"}},
        {"env": {"É": "1"}},
        {"env": {"A": "x" * 33_000}},
        {"onstart": "x" * 30_000},
        {"ssh_public_key": "ssh-rsa " + "A" * 4000},
        {"offer": an_offer(spot=True)},
        {"offer": an_offer(spot=True), "bid_per_hour": 0.0},
        {"offer": an_offer(spot=True), "bid_per_hour": 500.0},
        {"offer": an_offer(spot=True), "bid_per_hour": float("nan")},
    ],
)
def test_an_order_that_cannot_be_said_safely_is_refused_before_anything_is_sent(fields: dict[str, Any]) -> None:
    market, wire = answering()
    with pytest.raises(LaunchRefused):
        market.create(an_order(**fields))
    assert wire.asked == []


@pytest.mark.skipif(not RECORDED.exists(), reason="no recorded data beside the project")
def test_the_recorded_yes_is_understood() -> None:
    recorded = json.loads((RECORDED / "recorded_responses.json").read_text())["create_ok_2026-03"]["response"]
    assert answering(recorded)[0].create(an_order()) == Receipt(instance_id="33402296")


def refused(slug: str, msg: str = "", **fields: object) -> dict[str, object]:
    return {"success": False, "error": slug, "msg": msg, **fields}


NO_ASK = "error 404/3603: no_such_ask Instance type by id 1 is not available."
VERDICTS: list[tuple[object, type[ProviderError]]] = [
    ((404, refused("invalid_args", NO_ASK, ask_id=1)), OfferGone),
    ((410, refused("no_such_ask", "error 410/3907: no_such_ask Instance type 1 is no longer available.")), OfferGone),
    ((400, refused("no_such_ask")), OfferGone),
    ((200, refused("no_such_ask")), OfferGone),
    ((400, refused("insufficient_credit")), LaunchRefused),
    ((200, refused("insufficient_credit")), LaunchRefused),
    ((402, refused("payment")), LaunchRefused),
    ((400, refused("invalid_args", "error 400/3467: Invalid args: disk")), LaunchRefused),
    ((400, refused("invalid_price")), LaunchRefused),
    ((200, refused("invalid_price")), LaunchRefused),
    ((403, refused("invalid_args", "Offer 1 is not your own")), LaunchRefused),
    ((422, {"detail": "no"}), LaunchRefused),
    ((404, refused("not_found")), LaunchRefused),
    ((401, refused("auth_error")), ProviderAuth),
    ((403, refused("auth_error")), ProviderAuth),
    ((403, "<html>"), ProviderAuth),
    ((404, refused("auth_error", "Invalid user key")), ProviderAuth),
    ((429, refused("HTTPTooManyRequests")), ProviderBusy),
    ((429, "slow down"), ProviderBusy),
    ((500, refused("no_such_ask")), LaunchUncertain),
    ((504, "<html>"), LaunchUncertain),
    ((408, ""), LaunchUncertain),
    ((200, refused("who_knows")), LaunchUncertain),
    ((200, {"success": False}), LaunchUncertain),
    ((200, {"success": True}), LaunchUncertain),
    ((200, {"success": True, "new_contract": None}), LaunchUncertain),
    ((200, {"success": True, "new_contract": "soon"}), LaunchUncertain),
    ((200, {"success": True, "new_contract": 0}), LaunchUncertain),
    ((200, {"success": True, "new_contract": -5}), LaunchUncertain),
    ((200, {"success": True, "new_contract": True}), LaunchUncertain),
    ((200, {"success": True, "msg": "the image is not available in a cache"}), LaunchUncertain),
    ((200, {}), LaunchUncertain),
    ((200, []), LaunchUncertain),
    ((200, "this page is not available"), LaunchUncertain),
    ((200, ""), LaunchUncertain),
    ((404, "<html>"), LaunchUncertain),
    ((302, ""), LaunchUncertain),
    (requests.ReadTimeout(), LaunchUncertain),
    (requests.ConnectionError(urllib3.exceptions.ProtocolError("Connection aborted.")), LaunchUncertain),
    (requests.exceptions.SSLError("handshake"), LaunchUncertain),
    (requests.ConnectTimeout(), ProviderDown),
]


@pytest.mark.parametrize(("answer", "verdict"), VERDICTS)
def test_each_answer_proves_this_much_and_no_more(answer: object, verdict: type[ProviderError]) -> None:
    market, wire = answering(answer)
    with pytest.raises(ProviderError) as caught:
        market.create(an_order())
    assert type(caught.value) is verdict
    assert len(wire.asked) == 1
    if isinstance(caught.value, LaunchUncertain):
        assert caught.value.instance_id is None


@pytest.mark.parametrize("slug", ["insufficient_credit", "missing_billing"])
def test_a_lack_of_money_is_told_apart(slug: str) -> None:
    with pytest.raises(LaunchRefused) as caught:
        answering((400, refused(slug)))[0].create(an_order())
    assert caught.value.kind == "no_funds"


@pytest.mark.parametrize("status", [200, 400, 404, 410])
def test_a_no_that_names_a_machine_means_that_it_exists(status: int) -> None:
    with pytest.raises(LaunchUncertain) as caught:
        answering((status, refused("no_such_ask", "bid too low", new_contract=815)))[0].create(an_order())
    assert caught.value.instance_id == "815"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5000) | st.text(max_size=9), lambda inner: st.lists(inner), max_leaves=3
)
FIELDS = ("success", "new_contract", "error", "msg")


@given(status=st.integers(200, 599), body=st.dictionaries(st.sampled_from(FIELDS), JSON) | JSON | st.text())
def test_only_a_plain_yes_with_an_id_is_a_receipt(status: int, body: Any) -> None:
    try:
        receipt = answering((status, body))[0].create(an_order())
    except ProviderError:
        return
    assert 200 <= status < 300
    assert body.get("success", True) is True
    assert receipt.instance_id == str(int(body["new_contract"]))
    assert int(receipt.instance_id) > 0


def test_no_secret_of_the_answer_or_the_order_is_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    order = an_order(env={"TOKEN": "canary-token"}, onstart="canary-script")
    answering(YES)[0].create(order)
    for body in (
        {"success": False, "instance_api_key": "canary-instance-key", "new_contract": 5},
        refused("invalid_args", "env: canary-token is no good"),
        refused("canary-token"),
        refused("invalid_args", "x" * 195 + "canary-token"),
    ):
        with pytest.raises(ProviderError) as caught:
            answering((400, body))[0].create(order)
        assert "canary" not in str(caught.value) + repr(caught.value)
    assert "canary" not in caplog.text


def test_an_offer_that_is_none_of_this_market_never_enters_a_url() -> None:
    market, wire = answering()
    with pytest.raises(ValueError, match="not an id"):
        market.create(an_order(offer=msgspec.structs.replace(an_offer(), provider_offer_id="../1")))
    assert wire.asked == []
