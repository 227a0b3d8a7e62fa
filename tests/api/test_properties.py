"""Whatever is sent, the answer is never a 500, and a 400 is about something that the request may hold."""

import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import settings as thorough
from hypothesis import strategies as st

from chalicelib.api import models
from chalicelib.api.orders import fingerprint, order_of
from chalicelib.domain.money import to_micros
from chalicelib.domain.policy import Policy
from tests.api.client import OFFER, Api
from tests.builders import PUBLIC_KEY

API = Api()
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
)
NAMES = [field.name for field in msgspec.structs.fields(models.SessionBody)]
REQUIRED = [field.name for field in msgspec.structs.fields(models.RequirementsBody)]
WORDS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
PRICES = st.decimals(min_value="0.000001", max_value=1000, places=6).map(float)

ALMOST = st.fixed_dictionaries(
    {"offer_id": st.just(OFFER) | ANYTHING, "ssh_public_key": st.just(PUBLIC_KEY) | ANYTHING},
    optional={name: ANYTHING for name in NAMES if name not in ("offer_id", "ssh_public_key", "requirements")}
    | {"requirements": st.dictionaries(st.sampled_from(REQUIRED), ANYTHING)},
)
VALID = st.fixed_dictionaries(
    {"offer_id": st.just(OFFER), "ssh_public_key": st.just(PUBLIC_KEY)},
    optional={
        "hours": st.floats(min_value=0.001, max_value=12),
        "disk_gb": st.integers(8, 500),
        "image": st.sampled_from(["ubuntu", "docker.io/pytorch/pytorch:2.4-cuda12", "localhost:5000/a/b_c:v1"]),
        "env": st.dictionaries(st.from_regex(r"APP_[A-Z0-9_]{0,50}", fullmatch=True), WORDS, max_size=5),
        "onstart": st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=200),
        "ports": st.lists(st.integers(1024, 65_535), unique=True, max_size=16),
        "workload": st.sampled_from(["llm", "training", "batch", "interactive", "benchmark"]),
        "idle_minutes": st.integers(0, 720),
        "max_price": st.decimals(min_value="0.5", max_value=1000, places=6).map(float),
        "max_attempts": st.integers(1, 5),
    },
)


def _possible(field: str, body: Any) -> bool:
    """Does the request hold this field, or could it?"""
    head, _, rest = field.partition(".")
    shown = head.removesuffix("…")
    sent = isinstance(body, dict) and any(name.startswith(shown) for name in body)
    return sent or head in NAMES or (head == "requirements" and rest in REQUIRED)


@thorough(deadline=None, max_examples=150)
@given(ANYTHING | ALMOST)
def test_no_json_value_is_too_much_for_the_service(body: Any) -> None:
    reply = API.send("POST", "/sessions", body, raw=json.dumps(body).encode())
    assert reply.status in (202, 400, 404, 422, 429)
    if reply.status == 400 and reply.code != "invalid_json":
        assert _possible(reply.json["field"], body)


@thorough(deadline=None, max_examples=100)
@given(st.binary(max_size=200))
def test_no_bytes_are_too_much_for_the_service(raw: bytes) -> None:
    for method, path in (("POST", "/sessions"), ("PATCH", "/consumers/bob"), ("DELETE", "/sessions/x")):
        assert API.send(method, path, raw=raw, who="operator").status in (200, 400, 404)


@thorough(deadline=None, max_examples=100)
@given(st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="/"), min_size=1, max_size=60))
def test_no_path_or_query_is_too_much_for_the_service(text: str) -> None:
    for path in (
        f"/sessions/{text}",
        f"/inventory/{text}",
        f"/inventory?{text}",
        f"/inventory?gpu={text}",
        f"/sessions?{text}",
    ):
        reply = API.send("GET", path)
        assert reply.status in (200, 400, 403, 404)


@thorough(deadline=None, max_examples=150)
@given(VALID)
def test_a_valid_wish_becomes_exactly_the_order_it_says(body: dict[str, Any]) -> None:
    read = msgspec.convert(body, models.SessionBody)
    order = order_of(read, Policy(), ["vastai"])
    kept = {name: getattr(order, name) for name in body if name not in ("hours", "ssh_public_key")}
    said = {name: body[name] for name in kept}
    if "ports" in said:
        said["ports"] = tuple(said["ports"])
    if "max_price" in said:
        said["max_price"] = to_micros(said["max_price"])
    assert kept == said
    shuffled = dict(reversed(body.items()))
    assert fingerprint(read) == fingerprint(msgspec.convert(shuffled, models.SessionBody))


@thorough(deadline=None, max_examples=60)
@given(VALID)
def test_a_valid_wish_is_let_in(body: dict[str, Any]) -> None:
    assert Api().send("POST", "/sessions", body).status == 202
