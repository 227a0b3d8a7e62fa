"""`costs`, `budget`, `alerts`: what was spent, what may be, and who is told."""

import re
from datetime import datetime

import pytest

from chalicelib.domain.budget import THRESHOLDS
from tests.cli.conftest import Run
from tests.cli.stub import Stub, problem
from tests.cli.things import OTHER_ID, SESSION_ID, ended, session

COLOUR = re.compile(r"\x1b\[[0-9;]*m")

COSTS = {
    "currency": "USD", "from": "2026-11-01", "to": "2026-11-23", "total": 3.5, "gpu_hours": 8.25,
    "burn_per_hour": 0.408,
    "groups": [{"key": "RTX 4090", "cost": 3.5, "gpu_hours": 8.25, "sessions": 2}],
}  # fmt: skip
BUDGET = {
    "consumer": "alice", "period": "month", "limit": 50.0, "thresholds": [0.5, 1.0], "on_exceeded": "block",
    "spent": 10.0, "reserved": 0.56, "forecast": 42.0,
}  # fmt: skip
ALERT = {
    "id": "alice:2026-11:0.5", "kind": "budget", "at": "2026-11-20T10:00:00.000Z", "sent_at": None,
    "detail": "half is gone",
}  # fmt: skip
HOOK = {"id": "0f3a", "protocol": "https", "endpoint": "https://hooks.example.com/x", "consumer": None}


def test_costs_are_a_table_and_a_summary(stub: Stub, run: Run) -> None:
    stub.says("GET", "/costs", COSTS)
    ran = run("costs", "--by", "gpu", "--from", "2026-11-01")
    assert ran.out.splitlines()[1] == "RTX 4090\t$3.50\t8.25\t2"
    assert ran.err.endswith("2026-11-01 to 2026-11-23: $3.50 for 8.25 GPU-hours; now $0.408/h\n")
    assert dict(stub.asked[0].query) == {"group_by": "gpu", "from": "2026-11-01"}
    assert run("costs", "--json").json == COSTS


def test_costs_of_one_session_take_the_end_of_its_id(stub: Stub, run: Run) -> None:
    stub.says("GET", "/costs", COSTS)
    stub.says("GET", "/sessions", {"sessions": []}, {"sessions": [ended(), session("running", OTHER_ID)]})
    assert run("costs", "--session", "ab12cd34").code == 0
    assert ("session", SESSION_ID) in stub.of("GET", "/costs")[0].query
    assert run("costs", "--session", "34").code == 2


def test_costs_of_a_session_by_its_whole_id_ask_for_no_other(stub: Stub, run: Run) -> None:
    stub.says("GET", "/costs", COSTS)
    assert run("costs", "--session", SESSION_ID).code == 0
    assert [one.path for one in stub.asked] == ["/costs"]


def test_costs_of_a_time_that_makes_no_sense_are_the_services_to_refuse(stub: Stub, run: Run) -> None:
    stub.says("GET", "/costs", problem(400, "invalid_field", "to: 2026-01-01 is before 2026-02-01", field="to"))
    ran = run("costs", "--from", "2026-02-01", "--to", "2026-01-01")
    assert (ran.code, "is before" in ran.err) == (1, True)


def test_ones_own_budget_is_shown_without_naming_oneself(stub: Stub, run: Run) -> None:
    stub.says("GET", "/me", {"key_id": "1", "consumer": {"id": "alice"}})
    stub.says("GET", "/budgets/alice", BUDGET)
    lines = run("budget").out.splitlines()
    assert lines[0] == "alice: $50.00 a month, then block"
    assert lines[1] == "spent $10.00, reserved $0.56, forecast $42.00; told at 50%, 100%"
    assert run("budget", "alice", "--json").json == BUDGET


def test_a_budget_is_set_as_a_whole(stub: Stub, run: Run) -> None:
    stub.says("PUT", "/budgets/alice", BUDGET)
    assert run("budget", "alice", "--limit", "50", "--on-exceeded", "block", "--threshold", "0.5").code == 0
    assert stub.of("PUT")[0].body == {"period": "month", "limit": 50.0, "on_exceeded": "block", "thresholds": [0.5]}
    assert run("budget", "alice", "--limit", "-1").code == 2


def test_what_is_not_said_of_a_budget_stays_as_it_is(stub: Stub, run: Run) -> None:
    kept = {"period": "day", "limit": 5.0, "thresholds": [0.9], "on_exceeded": "terminate"}
    stub.says("GET", "/budgets/alice", BUDGET | kept)
    stub.says("PUT", "/budgets/alice", BUDGET)
    for words, changed in (
        (("--limit", "10"), {"limit": 10.0}),
        (("--on-exceeded", "block"), {"on_exceeded": "block"}),
        (("--period", "month"), {"period": "month"}),
        (("--threshold", "0.5", "--threshold", "1"), {"thresholds": [0.5, 1.0]}),
    ):
        assert run("budget", "alice", *words).code == 0
        assert stub.of("PUT")[-1].body == kept | changed


def test_a_first_budget_needs_a_limit(stub: Stub, run: Run) -> None:
    stub.says("GET", "/budgets/ada", problem(404, "not_found", "this consumer has no budget"))
    ran = run("budget", "ada", "--on-exceeded", "block")
    assert (ran.code, stub.of("PUT")) == (2, [])
    assert ran.err == "gpu-shopper: this consumer has no budget: one is set as a whole; give --limit too\n"


def test_help_tells_the_shares_that_a_first_budget_gets(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run("budget", "--help")
    *first, last = (f"{share:g}" for share in THRESHOLDS)
    assert f"(at first: {', '.join(first)} and {last})" in " ".join(capsys.readouterr().out.split())


def test_a_budget_that_cannot_be_read_is_not_set_anew(stub: Stub, run: Run) -> None:
    stub.says("GET", "/budgets/alice", problem(503, "store_down", "not now"))
    stub.says("PUT", "/budgets/alice", BUDGET)
    ran = run("budget", "alice", "--limit", "10")
    assert (ran.code, stub.of("PUT")) == (1, [])
    assert "not now" in ran.err


def test_alerts_are_listed_with_what_waits(stub: Stub, run: Run) -> None:
    stub.lists("/alerts", "alerts", [ALERT])
    assert run("alerts").out.splitlines()[1] == "2026-11-20T10:00:00.000Z\tbudget\tno\thalf is gone"
    assert run("alerts", "--json").json["alerts"] == [ALERT]


def test_on_a_terminal_nothing_of_an_alert_is_lost(stub: Stub, typed: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    words = f"2 destroys of vastai:7001 (shopper-{SESSION_ID}), which no live session has, in 31 min: not gone"
    at = "2001-11-20T10:00:00.000Z"
    here = datetime.fromisoformat(at).astimezone().strftime("%Y-%m-%d %H:%M")
    stub.lists(
        "/alerts", "alerts", [{**ALERT, "at": at}, {**ALERT, "at": at, "kind": "destroy_stuck", "detail": words}]
    )
    for columns in (60, 80, 100):
        monkeypatch.setenv("COLUMNS", str(columns))
        lines = COLOUR.sub("", typed("alerts").out).splitlines()
        assert max(map(len, lines)) <= columns
        assert lines[1:3] == [f"{here}  budget         no", "  half is gone"]
        assert lines[3] == f"{here}  destroy_stuck  no"
        assert " ".join(line.removeprefix("  ") for line in lines[4:]) == words
        assert sum(SESSION_ID in line for line in lines) == 1
    monkeypatch.setenv("COLUMNS", "200")
    assert typed("alerts").out.splitlines()[2].endswith(f"  no    {words}")


def test_a_subscription_is_made_listed_and_ended(stub: Stub, run: Run) -> None:
    stub.says("POST", "/alerts/subscriptions", HOOK, status=201)
    stub.lists("/alerts/subscriptions", "subscriptions", [HOOK])
    stub.says("DELETE", "/alerts/subscriptions/0f3a", HOOK)
    assert "is asked to confirm" in run("alerts", "--subscribe", "https://hooks.example.com/x").out
    assert stub.of("POST")[0].body == {"protocol": "https", "endpoint": "https://hooks.example.com/x"}
    run("alerts", "--subscribe", "alice@example.com", "--consumer", "alice", "--json")
    assert stub.of("POST")[1].body == {"protocol": "email", "endpoint": "alice@example.com", "consumer": "alice"}
    assert run("alerts", "--subscriptions").out.splitlines()[1].endswith("\tall")
    assert "hears no more" in run("alerts", "--unsubscribe", "0f3a").out


def test_a_budget_that_there_is_not_says_who_sets_one(stub: Stub, run: Run) -> None:
    stub.says("GET", "/budgets/ada", problem(404, "not_found", "this consumer has no budget"))
    ran = run("budget", "ada")
    assert ran.err == (
        "gpu-shopper: this consumer has no budget; an operator sets one: gpu-shopper budget CONSUMER --limit USD\n"
    )
