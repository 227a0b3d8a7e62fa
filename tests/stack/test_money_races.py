"""Two hundred requests at once through the whole request path: limits are never passed, and never left half used."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from typing import Any

import pytest
import requests

from chalicelib.domain.policy import Policy
from local.drill.stack import KEY
from tests.stack.stack import PUBLIC_KEY, Stack, wait_until

pytestmark = pytest.mark.stack

AT_ONCE = 200
POLICY = Policy()
TOLERATED = 1 + POLICY.price_tolerance
ROUNDING = 2e-6  # USD
MANY = {"max_sessions": 1000, "max_price_per_hour": 1000}


@dataclass(frozen=True)
class Race:
    """What became of the requests of one consumer."""

    opened: list[dict[str, Any]]
    refused: list[dict[str, Any]]

    @property
    def codes(self) -> Counter[str]:
        return Counter(answer["code"] for answer in self.refused)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One create a minute: sessions stay as they were opened while it is counted what was let in."""
    stack = Stack(tmp_path_factory.mktemp("races") / "data", SHOPPER_VASTAI_CREATE_SPACING_SECONDS="60")
    stack.start()
    wait_until(lambda: stack.get("/inventory", provider="vastai", limit=1)["total"] > 100, 60, "the market is listed")
    yield stack
    assert stack.stop() == 0


@pytest.fixture(scope="module")
def offers(stack: Stack) -> dict[str, float]:
    """Prices by offer, one of each machine, so that nobody's launch is in another's way."""
    page = stack.get("/inventory", provider="vastai", spot="false", min_gpus=1, max_price=1, limit=100)
    of_machines = {offer["machine_id"]: offer for offer in page["offers"]}.values()
    return {offer["id"]: offer["price_per_hour"] for offer in of_machines}


def consumer(stack: Stack, name: str, **limits: object) -> str:
    """Its key."""
    stack.post("/consumers", {"id": name, "role": "consumer", **MANY, **limits})
    return str(stack.post(f"/consumers/{name}/keys")["key"])


def race(stack: Stack, key: str, offers: dict[str, float]) -> Race:
    start, ids = Barrier(AT_ONCE), list(offers)

    def ask(number: int) -> requests.Response:
        body = {"offer_id": ids[number % len(ids)], "ssh_public_key": PUBLIC_KEY, "hours": 1}
        start.wait(60)
        with requests.Session() as session:
            session.trust_env = False
            headers = {"Authorization": f"Bearer {key}"}
            return session.post(f"{stack.url}/sessions", json=body, headers=headers, timeout=120)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(ask, range(AT_ONCE)))
    assert {answer.status_code for answer in answers} <= {202, 402, 429}, Counter(a.status_code for a in answers)
    opened = [answer.json() for answer in answers if answer.status_code == 202]
    return Race(opened, [answer.json() for answer in answers if answer.status_code != 202])


def test_a_budget_of_ten_dollars_is_never_passed_and_used_up_to_less_than_one_session(
    stack: Stack, offers: dict[str, float], capsys: pytest.CaptureFixture[str]
) -> None:
    key = consumer(stack, "payer")
    put = requests.put(
        f"{stack.url}/budgets/payer",
        json={"period": "day", "limit": 10, "on_exceeded": "block"},
        headers={"Authorization": f"Bearer {KEY}"},
        timeout=10,
    )
    assert put.status_code == 200, put.text
    found = race(stack, key, offers)
    assert set(found.codes) == {"budget_exceeded"}
    told = stack.get("/budgets/payer")
    assert told["spent"] + told["reserved"] <= 10
    with capsys.disabled():
        print(
            f"\n{AT_ONCE} at once against $10: {len(found.opened)} opened, ${told['spent'] + told['reserved']:.2f} held"
        )
    assert 10 - told["spent"] - told["reserved"] < max(refused["needed"] for refused in found.refused)
    assert all(refused["needed"] > refused["available"] for refused in found.refused)
    assert len(found.opened) + len(found.refused) == AT_ONCE
    live = stack.get("/sessions", consumer="payer", status="active", limit=100)["sessions"]
    assert {one["id"] for one in live} == {one["id"] for one in found.opened}
    assert sum(one["cost"]["reserved"] + one["cost"]["accrued"] for one in live) <= 10


def test_a_quota_of_seventeen_sessions_is_exactly_seventeen(stack: Stack, offers: dict[str, float]) -> None:
    found = race(stack, consumer(stack, "many", max_sessions=17), offers)
    assert (len(found.opened), found.codes) == (17, {"quota_exceeded": AT_ONCE - 17})
    assert {refused["limit"] for refused in found.refused} == {"max_sessions"}


def test_a_quota_of_dollars_an_hour_is_never_passed_and_used_up_to_less_than_one_session(
    stack: Stack, offers: dict[str, float]
) -> None:
    found = race(stack, consumer(stack, "dear", max_price_per_hour=5), offers)
    assert set(found.codes) == {"quota_exceeded"}
    (dear,) = (one for one in stack.get("/consumers", limit=100)["consumers"] if one["id"] == "dear")
    committed = float(dear["committed_per_hour"])
    assert committed <= 5
    assert 5 - committed < max(TOLERATED * offers[one] for one in offers)
    # What is counted is what was let in: the listed price and up to a tenth, the last one with what room was left.
    held = [hold_per_hour(one) for one in found.opened]
    assert sum(held) == pytest.approx(committed, abs=len(held) * ROUNDING)
    for session, per_hour in zip(found.opened, held, strict=True):
        assert session["price_per_hour"] <= per_hour + ROUNDING
        assert per_hour <= TOLERATED * session["price_per_hour"] + ROUNDING


def hold_per_hour(session: dict[str, Any]) -> float:
    """From the money that its one hour, and the margin after it, hold back."""
    kept = session["cost"]["reserved"] + session["cost"]["accrued"]
    return float(kept / (1 + POLICY.hold_margin_seconds / 3600))
