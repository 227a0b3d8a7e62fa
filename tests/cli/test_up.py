"""`up`, piped: what is asked for, the wait, and every way it can end."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.stub import DROPPED, Answer, Stub, problem
from tests.cli.things import PUBLIC_KEY, SESSION_ID, TENSORDOCK_ID, ended, offer, session

PATH = f"/sessions/{SESSION_ID}"


@pytest.fixture
def boots(stub: Stub) -> Stub:
    """A service whose session runs after three looks."""
    stub.says("POST", "/sessions", session(), status=202)
    stub.says(
        *("GET", PATH),
        session(),
        session("provisioning", status_reason="pulling image"),
        session("provisioning", status_reason="pulling image"),
        session("running"),
    )
    return stub


def test_an_offer_is_rented_watched_and_handed_over(boots: Stub, run: Run) -> None:
    ran = run("up", "--offer", "vastai:101", "--yes")
    assert ran.code == 0, ran.err
    asked = boots.of("POST")[0]
    assert asked.body == {"offer_id": "vastai:101", "ssh_public_key": PUBLIC_KEY, "hours": 1.0, "disk_gb": 40}
    assert len(asked.headers["idempotency-key"]) == 32
    assert ran.err.splitlines() == ["0:00  pending  vastai:101", "0:00  provisioning  vastai:101  pulling image"]
    assert ran.out.splitlines()[0] == f"{SESSION_ID} is running after 0:00"
    assert ran.out.splitlines()[-1] == "ssh -p 41234 root@203.0.113.7"


def test_every_wish_reaches_the_body(boots: Stub, run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "start.sh").write_text("#!/bin/sh\necho hi\n")
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    ran = run(
        *("up", "--yes", "--gpu", "RTX 4090", "--gpu", "L40S", "--min-vram", "24", "--gpu-count", "2"),
        *("--max-price", "0.8", "--country", "SE", "--provider", "vastai", "--min-reliability", "0.9"),
        *("--min-cuda", "12.4", "--spot", "--verified", "--hours", "2.5", "--disk", "80", "--image", "pytorch/pytorch"),
        *(
            "--env",
            "A=b=c",
            "--env",
            "HF_TOKEN",
            "--onstart",
            str(home / "start.sh"),
            "--port",
            "8888",
            "--port",
            "6006",
        ),
        *("--workload", "training", "--idle-minutes", "15", "--lease-minutes", "10", "--max-attempts", "2"),
        *("--consumer", "alice", "--idempotency-key", "mine"),
    )
    assert ran.code == 0, ran.err
    assert boots.of("POST")[0].headers["idempotency-key"] == "mine"
    assert boots.of("POST")[0].body == {
        "requirements": {
            "gpu": ["RTX 4090", "L40S"],
            "min_vram_gb": 24.0,
            "gpu_count": 2,
            "max_price": 0.8,
            "min_reliability": 0.9,
            "country": ["SE"],
            "provider": ["vastai"],
            "min_cuda": 12.4,
            "spot": True,
            "verified": True,
        },
        "ssh_public_key": PUBLIC_KEY,
        "hours": 2.5,
        "disk_gb": 80,
        "image": "pytorch/pytorch",
        "env": {"A": "b=c", "HF_TOKEN": "hf_secret"},
        "onstart": "#!/bin/sh\necho hi\n",
        "ports": [8888, 6006],
        "workload": "training",
        "idle_minutes": 15,
        "lease_minutes": 10.0,
        "max_price": 0.8,
        "max_attempts": 2,
        "consumer": "alice",
    }


def test_json_gives_the_running_session_and_keeps_progress_on_stderr(boots: Stub, run: Run) -> None:
    ran = run("up", "--offer", "vastai:101", "--yes", "--json")
    assert ran.json["status"] == "running"
    assert ran.json["ssh"]["port"] == 41234
    assert "pulling image" in ran.err


def test_no_wait_returns_at_once(boots: Stub, run: Run) -> None:
    assert run("up", "--offer", "vastai:101", "--yes", "--no-wait", "--json").json["status"] == "pending"
    ran = run("up", "--offer", "vastai:101", "--yes", "--no-wait")
    assert ran.out == f"{SESSION_ID} pending\n"
    assert boots.of("GET") == []


def test_without_a_terminal_nobody_is_asked(boots: Stub, run: Run) -> None:
    ran = run("up", "--offer", "vastai:101")
    assert ran.code == 0
    assert "?" not in ran.err
    assert len(boots.of("POST")) == 1


def test_a_session_that_fails_ends_the_command_with_reason_and_attempts(stub: Stub, run: Run) -> None:
    tried = [
        {"offer_id": f"vastai:{n}", "outcome": word, "at": None} for n, word in ((1, "offer_gone"), (2, "timeout"))
    ]
    stub.says("POST", "/sessions", session(), status=202)
    stub.says("GET", PATH, ended("failed", "provision_timeout", status_reason="never booted", attempts=tried))
    ran = run("up", "--gpu", "RTX 4090", "--yes", "--json")
    assert ran.code == 1
    assert ran.json["status"] == "failed"
    assert ran.error["detail"] == (
        f"{SESSION_ID} failed (provision_timeout, never booted); tried vastai:1: offer_gone, vastai:2: timeout"
    )


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (problem(402, "budget_exceeded", "the budget of alice is spent"), 1, "ask an operator"),
        (problem(404, "offer_gone", "vastai:101 is gone"), 1, "gpu-shopper inventory"),
        (problem(429, "quota_exceeded", "3 of 3 sessions"), 1, "gpu-shopper ls"),
        (problem(503, "creates_blocked", "vastai: no complete list"), 1, "gpu-shopper health"),
        (problem(400, "invalid_field", "hours: at most 12", field="hours"), 1, "hours: at most 12"),
        (problem(503, "store_unavailable", "the store is away"), 1, "--idempotency-key mine"),
        (DROPPED, 3, "--idempotency-key mine (never rents twice)"),
    ],
)
def test_each_refusal_is_one_line_that_says_what_to_do(
    stub: Stub, run: Run, answer: Answer, code: int, words: str
) -> None:
    stub.says("POST", "/sessions", answer)
    ran = run("up", "--offer", "vastai:101", "--yes", "--idempotency-key", "mine")
    assert ran.code == code
    assert len(ran.err.splitlines()) == 1
    assert words in ran.err


def test_ctrl_c_leaves_the_session_running_and_says_so(boots: Stub, run: Run) -> None:
    def pressed(seconds: float) -> None:
        raise KeyboardInterrupt

    ran = run("up", "--offer", "vastai:101", "--yes", pause=pressed)
    assert ran.code == 130
    assert f"{SESSION_ID} goes on; follow it: gpu-shopper show ab12cd34 · end it: gpu-shopper rm ab12cd34" in ran.err
    assert boots.of("DELETE") == []


def test_the_persons_own_timeout_leaves_the_session_running(stub: Stub, run: Run) -> None:
    stub.says("POST", "/sessions", session(), status=202)
    stub.says("GET", PATH, session("provisioning"))
    seconds = iter(range(0, 1000, 7))
    ran = run("up", "--offer", "vastai:101", "--yes", "--timeout", "30", "--json", clock=lambda: next(seconds))
    assert ran.code == 1
    assert ran.error["code"] == "timeout"
    assert "still provisioning" in ran.error["detail"]
    assert "gpu-shopper rm ab12cd34" in ran.error["hint"]


def test_a_service_that_is_away_for_a_moment_does_not_end_the_wait(stub: Stub, run: Run) -> None:
    stub.says("POST", "/sessions", session(), status=202)
    stub.says("GET", PATH, DROPPED, DROPPED, problem(500, "internal_error"), problem(500, "x"), session("running"))
    ran = run("up", "--offer", "vastai:101", "--yes")
    assert ran.code == 0
    assert "no answer, asking on" in ran.err


def test_a_service_that_stays_away_ends_the_wait_but_not_the_session(stub: Stub, run: Run) -> None:
    stub.says("POST", "/sessions", session(), status=202)
    stub.says("GET", PATH, DROPPED)
    seconds = iter(range(0, 10_000, 7))
    ran = run("up", "--offer", "vastai:101", "--yes", clock=lambda: next(seconds))
    assert ran.code == 3
    assert f"{SESSION_ID}: cannot reach" in ran.err.splitlines()[-1]
    assert "end it: gpu-shopper rm ab12cd34" in ran.err


def test_a_key_that_is_revoked_while_waiting_ends_the_wait_at_once(stub: Stub, run: Run) -> None:
    stub.says("POST", "/sessions", session(), status=202)
    stub.says("GET", PATH, problem(401, "unauthorized", "no valid key"))
    assert run("up", "--offer", "vastai:101", "--yes").code == 1
    assert len(stub.of("GET")) == 1


def test_a_shortened_offer_id_from_the_table_is_found_again(boots: Stub, run: Run) -> None:
    boots.lists("/inventory", "offers", [offer(TENSORDOCK_ID), offer("tensordock:ffff:h100")], providers={})
    assert run("up", "--offer", "tensordock:1a77…:geforcert…ie-24gb", "--yes").code == 0
    assert boots.of("POST")[0].body["offer_id"] == TENSORDOCK_ID
    assert run("up", "--offer", "tensordock:…", "--yes", "--json").error["code"] == "ambiguous"


@pytest.mark.parametrize(
    "words",
    [
        ["up", "--yes"],
        ["up", "--yes", "--offer", "a", "--gpu", "b"],
        ["up", "--yes", "--offer", "a", "--hours", "nan"],
        ["up", "--yes", "--offer", "a", "--hours", "-1"],
        ["up", "--yes", "--offer", "a", "--port", "70000"],
        ["up", "--yes", "--offer", "a", "--env", "NOT_SET_HERE"],
        ["up", "--yes", "--offer", "a", "--onstart", "/nowhere"],
        ["up", "--yes", "--offer", "a", "--", "nvidia-smi"],
        ["up", "--yes", "--offer", "a", "--rm"],
        ["up", "--yes", "--offer", "a", "--rm", "--json", "--", "x"],
    ],
)
def test_what_cannot_be_meant_is_a_usage_error_and_asks_nobody(stub: Stub, run: Run, words: list[str]) -> None:
    ran = run(*words)
    assert ran.code == 2
    assert len(ran.err.splitlines()) == 1
    assert stub.asked == []


def test_a_providers_message_cannot_steer_the_terminal(stub: Stub, run: Run) -> None:
    stub.says("POST", "/sessions", session(status_reason="\x1b]0;owned\x07\nloading"), status=202)
    stub.says("GET", PATH, session("running"))
    ran = run("up", "--offer", "vastai:101", "--yes")
    assert "\x1b" not in ran.err
    assert "loading" in ran.err.splitlines()[0]
    assert json.dumps("\x1b")[1:-1] not in ran.out
