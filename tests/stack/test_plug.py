"""The plug is pulled again and again while machines are rented and ended: afterwards nothing is unknown or doubled."""

import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.stack.stack import PUBLIC_KEY, Stack, wait_until

pytestmark = pytest.mark.stack

KILLS = 20


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    # Small numbers so that an unclear create is closed within the test, and not within half an hour.
    stack = Stack(
        tmp_path / "data",
        SHOPPER_TICK_SECONDS="1",
        SHOPPER_AMBIGUOUS_CLOSE_SECONDS="20",
        SHOPPER_CREATE_IN_FLIGHT_SECONDS="8",
        SHOPPER_STEP_LEASE_SECONDS="5",
        SHOPPER_PROOF_SPACING_SECONDS="1",
    )
    stack.start()
    yield stack
    assert stack.stop() == 0


def test_twenty_pulled_plugs_leave_no_machine_unknown_and_none_doubled(stack: Stack) -> None:
    luck = random.Random(7)
    wait_until(lambda: stack.get("/inventory", limit=1)["total"] > 300, 60, "both markets are listed")
    offers = [o["id"] for o in stack.get("/inventory", spot="false", limit=100)["offers"]]
    luck.shuffle(offers)
    for _ in range(KILLS):
        for offer in (offers.pop(), offers.pop()):
            try:
                stack.post("/sessions", {"offer_id": offer, "ssh_public_key": PUBLIC_KEY, "hours": 1})
            except requests.HTTPError as refused:
                if refused.response.status_code != 404:  # else an overlapping offer took that machine
                    raise
        for session in stack.sessions():
            if session["status"] in ("provisioning", "running") and luck.random() < 0.3:
                stack.delete(f"/sessions/{session['id']}")
        time.sleep(luck.uniform(0, 2.5))
        stack.kill()
        stack.start()
    wait_until(
        lambda: all(s["status"] in ("running", "terminated", "failed") for s in stack.sessions()),
        180,
        "all have settled",
    )
    sessions = stack.sessions()
    assert len(sessions) >= KILLS
    alive = Counter(machine["label"] for machine in stack.machines() if machine["alive"])
    assert alive == Counter(session["tag"] for session in sessions if session["status"] == "running")
    for session in sessions:
        if session["status"] == "running":
            stack.delete(f"/sessions/{session['id']}")
    wait_until(lambda: all(s["status"] in ("terminated", "failed") for s in stack.sessions()), 120, "all have ended")
    assert not any(machine["alive"] for machine in stack.machines())
    creates = Counter(machine["label"] for machine in stack.machines())
    assert all(count <= len(s["attempts"]) for s in sessions for count in (creates[s["tag"]],))
