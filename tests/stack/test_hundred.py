"""A hundred rentals at once on two markets that behave: all run, all end, and the markets' own books agree."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from tests.stack.stack import PUBLIC_KEY, Stack, wait_until

pytestmark = pytest.mark.stack


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    stack = Stack(tmp_path / "data")
    stack.start()
    yield stack
    assert stack.stop() == 0


def seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()


def distinct_offers(stack: Stack, wanted: int) -> list[str]:
    """Offers that do not compete for the same GPUs."""
    found: dict[str, list[str]] = {"vastai": [], "tensordock": []}
    for provider, ids in found.items():
        machines, cursor = set(), None
        while len(ids) < wanted // 2:
            page = stack.get(
                "/inventory", provider=provider, spot="false", limit=100, **({"cursor": cursor} if cursor else {})
            )
            for offer in page["offers"]:
                key = offer["machine_id"] or offer["id"]
                if key not in machines:
                    machines.add(key)
                    ids.append(offer["id"])
            cursor = page["next_cursor"]
            if cursor is None:
                break
    tensordock = found["tensordock"]
    return found["vastai"][: wanted - len(tensordock)] + tensordock


def test_a_hundred_sessions_run_and_are_proven_gone(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    wait_until(lambda: stack.get("/inventory", limit=1)["total"] > 300, 60, "both markets are listed")
    offers = distinct_offers(stack, 100)
    ids = [
        stack.post("/sessions", {"offer_id": offer, "ssh_public_key": PUBLIC_KEY, "hours": 1})["id"] for offer in offers
    ]
    assert len(ids) == 100
    wait_until(
        lambda: all(session["status"] not in ("pending", "provisioning") for session in stack.sessions()),
        180,
        "all run",
    )
    sessions = {session["id"]: session for session in stack.sessions()}
    assert {session["status"] for session in sessions.values()} == {"running"}
    booted = {machine["label"]: machine["booted_at"] for machine in stack.machines()}
    assert len(booted) == 100
    waits = [seconds(session["running_at"]) - booted[session["tag"]] for session in sessions.values()]

    for session_id in ids:
        stack.delete(f"/sessions/{session_id}")
    wait_until(lambda: all(s["status"] == "terminated" for s in stack.sessions()), 240, "all are proven gone")
    ended = stack.sessions()
    events: dict[str, list[dict[str, Any]]] = {
        s["id"]: stack.get(f"/sessions/{s['id']}/events")["events"] for s in ended
    }
    ends = [
        seconds(session["ended_at"]) - seconds(next(e["at"] for e in events[session["id"]] if e["to"] == "terminating"))
        for session in ended
    ]
    with capsys.disabled():
        print(
            f"\n100 sessions: SSH answers -> running median {median(waits):.1f} s (max {max(waits):.1f}); "
            f"DELETE -> proven gone median {median(ends):.1f} s (max {max(ends):.1f})"
        )
    assert not any(machine["alive"] for machine in stack.machines())
    assert stack.market("vastai", "/books")["live"] == stack.market("tensordock", "/books")["live"] == 0
    assert all(session["absence_proof"] for session in ended)
    # The goals are 3 s and 15 s, and are met on two free cores; a machine that does other work too gets twice that.
    assert median(waits) <= 6
    assert median(ends) <= 30
