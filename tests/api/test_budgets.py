"""Budgets by HTTP: holds before the rent, refusals that say what is left, and limits that act at once."""

from typing import Any

import msgspec
import pytest

from chalicelib import sweeps
from chalicelib.domain import period
from chalicelib.domain.budget import Budget
from chalicelib.domain.instant import SECOND
from chalicelib.usecases import accruing, budgeting, enforcing
from tests.api.client import Api, wish
from tests.builders import NOW

HOLD = 0.4488 * 1.25
"""An hour and a destroy at the ceiling of the offer's price."""


def put(api: Api, consumer: str = "ada", **fields: object) -> Any:
    body = {"period": "day", "limit": 2, "on_exceeded": "block", **fields}
    reply = api.send("PUT", f"/budgets/{consumer}", body, who="operator")
    assert reply.status == 200, reply.text
    return reply.json


def budget(api: Api, who: str = "ada") -> Any:
    reply = api.send("GET", "/budgets/ada", who=who)
    assert reply.status == 200, reply.text
    return reply.json


def alerts(api: Api) -> list[tuple[str, float]]:
    found = api.send("GET", "/alerts").json["alerts"]
    return [(one["period"], one["threshold"]) for one in reversed(found) if one["kind"] == "budget"]


def test_a_budget_is_told_with_what_is_spent_and_reserved_of_it() -> None:
    api = Api()
    put(api, thresholds=[0.8, 0.5])
    api.rent()
    assert budget(api) == {
        "consumer": "ada", "period": "day", "limit": 2.0, "thresholds": [0.5, 0.8], "on_exceeded": "block",
        "spent": 0.0, "reserved": pytest.approx(HOLD), "forecast": 0.0,
    }  # fmt: skip
    api.world.run(1800)
    told = budget(api)
    assert told["spent"] == pytest.approx(0.204, rel=0.02)
    assert told["spent"] + told["reserved"] == pytest.approx(HOLD)
    rest = (period.bounds(period.day(NOW))[1] - api.world.clock.now()) / SECOND / 3600
    assert told["forecast"] == pytest.approx(told["spent"] + 0.408 * rest)


def test_what_could_pass_the_limit_is_refused_before_any_market_is_called() -> None:
    api = Api()
    put(api, limit=1)
    api.rent()
    calls = len(api.world.market.calls)
    refused = api.send("POST", "/sessions", wish())
    assert (refused.status, refused.code) == (402, "budget_exceeded")
    assert refused.json["available"] == pytest.approx(1 - HOLD)
    assert len(api.world.market.calls) == calls


def test_an_extension_needs_room_too() -> None:
    api = Api()
    put(api, limit=1)
    session_id = api.rent()["id"]
    path = f"/sessions/{session_id}/extend"
    refused = api.send("POST", path, {"hours": 1})
    assert (refused.status, refused.code) == (402, "budget_exceeded")
    assert api.send("POST", path, {"hours": 0.9}).status == 200
    assert budget(api)["reserved"] == pytest.approx(HOLD + 0.9 * 0.4488)


def test_what_was_reserved_and_not_spent_comes_back_when_the_session_is_over() -> None:
    api = Api()
    put(api, limit=1)
    session_id = api.rent()["id"]
    api.world.run(300)
    api.send("DELETE", f"/sessions/{session_id}")
    api.world.run(30)
    told = budget(api)
    assert told["reserved"] == 0
    assert told["spent"] == api.send("GET", f"/sessions/{session_id}").json["cost"]["accrued"] > 0
    api.rent()


def test_alert_only_tells() -> None:
    api = Api()
    put(api, limit=0.1, on_exceeded="alert")
    api.rent()
    api.world.run(3 * 900)
    api.rent()
    assert [share for _, share in alerts(api)] == [0.5, 0.8, 1.0]


def test_terminate_ends_what_the_budget_no_longer_pays_for() -> None:
    api = Api()
    put(api, limit=1, on_exceeded="terminate")
    session_id = api.rent()["id"]
    api.world.run(600)
    put(api, limit=0.03, on_exceeded="terminate")
    api.world.run(60)
    session = api.send("GET", f"/sessions/{session_id}").json
    assert (session["status"], session["end_reason"]) == ("terminated", "budget")
    assert api.world.market.live() == []


def test_each_threshold_is_told_once_a_period_and_again_in_the_next() -> None:
    api = Api()
    api.world.run((period.bounds(period.day(NOW))[1] - NOW) / SECOND - 2 * 3600)
    today, tomorrow = period.day(api.world.clock.now()), period.day(period.bounds(period.day(NOW))[1])
    put(api, limit=0.4, on_exceeded="alert")
    api.rent(hours=5)
    for _ in range(20):
        api.world.run(900)
        sweeps.run("accrue", api.world.ports)
    told = alerts(api)
    assert told == [(today, 0.5), (today, 0.8), (today, 1.0), (tomorrow, 0.5), (tomorrow, 0.8), (tomorrow, 1.0)]
    assert {alert.dedupe_id for alert in api.world.notifier.sent} >= {f"ada:{today}:0.5", f"ada:{tomorrow}:1.0"}


def test_a_threshold_crossed_while_the_topic_is_down_is_told_later_and_once() -> None:
    api = Api()
    put(api, limit=0.1, thresholds=[1.0], on_exceeded="alert")
    api.world.notifier.down = True
    api.rent(hours=2)
    api.world.run(3600)
    assert api.send("GET", "/alerts").json["alerts"][0]["sent_at"] is None
    api.world.notifier.down = False
    api.world.run(600)
    assert [alert.kind for alert in api.world.notifier.sent] == ["budget"]
    assert api.send("GET", "/alerts").json["alerts"][0]["sent_at"] is not None


def _half_an_hour_before_midnight() -> tuple[Api, str]:
    """With a budget of ten cents a day, and nobody who accrues."""
    api = Api()
    put(api, limit=0.1, thresholds=[1.0], on_exceeded="alert")
    api.world.run((period.bounds(period.day(NOW))[1] - NOW) / SECOND - 1800)
    api.world.sweeps = tuple(name for name in api.world.sweeps if name != "accrue")
    today = period.day(api.world.clock.now())
    return api, today


def test_a_threshold_crossed_just_before_midnight_is_told_after_it() -> None:
    api, today = _half_an_hour_before_midnight()
    api.rent(hours=0.45)
    api.world.run(3600)
    sweeps.run("accrue", api.world.ports)
    assert alerts(api) == [(today, 1.0)]


@pytest.mark.parametrize("written", [False, True], ids=["not yet written down", "written down"])
def test_a_threshold_crossed_before_midnight_is_told_though_another_budget_is_set_right_after_it(written: bool) -> None:
    api, today = _half_an_hour_before_midnight()
    api.rent(hours=2)
    api.world.run(1900)
    if written:
        accruing.accrue(api.world.ports, api.world.ports.sessions.live())
    assert alerts(api) == []
    put(api, limit=50, thresholds=[1.0], on_exceeded="alert")
    assert alerts(api) == [(today, 1.0)]


def test_a_budget_below_what_is_spent_acts_at_once() -> None:
    api = Api()
    session_id = api.rent()["id"]
    api.world.run(1800)
    told = put(api, limit=0.1, on_exceeded="terminate")
    assert told["spent"] > told["limit"]
    assert [share for _, share in alerts(api)] == [0.5, 0.8, 1.0]
    assert api.send("GET", f"/sessions/{session_id}").json["status"] == "terminating"
    assert api.send("POST", "/sessions", wish()).status == 402


def test_a_monthly_budget_counts_the_days_of_its_month() -> None:
    api = Api()
    put(api, period="month", limit=50)
    api.rent(hours=10)
    api.world.run(2 * 86_400)
    api.rent()
    told = budget(api)
    assert told["spent"] == pytest.approx(4.08, rel=0.01)
    assert put(api, period="day", limit=1)["spent"] == 0.0


def test_a_session_that_runs_over_midnight_counts_in_both_days() -> None:
    api = Api()
    put(api, limit=1.2)
    api.world.run((period.bounds(period.day(NOW))[1] - NOW) / SECOND - 1800)
    api.rent()
    api.world.run(3000)
    told = budget(api)
    assert told["spent"] == pytest.approx(0.408 * 1200 / 3600, rel=0.1)
    assert told["spent"] + told["reserved"] == pytest.approx(HOLD - 0.408 * 1800 / 3600, rel=0.02)
    api.rent()
    assert api.send("POST", "/sessions", wish()).status == 402


def test_counters_that_went_wrong_are_put_right() -> None:
    api = Api()
    put(api, limit=1)
    api.rent()
    api.world.run(600)
    right = budget(api)
    api.world.store.access.reserve("ada", 700_000, 900_000)
    assert api.send("POST", "/sessions", wish()).status == 402
    sweeps.run("accrue", api.world.ports)
    assert budget(api) == right


def test_a_session_that_ended_a_moment_ago_is_no_reason_to_doubt_the_counters(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is final and not settled yet, and the index of such sessions does not show it."""
    api = Api()
    put(api, limit=1)
    session_id = api.rent()["id"]
    api.world.run(600)
    monkeypatch.setattr("chalicelib.usecases.ending.settle", lambda ports, session: None)
    api.send("DELETE", f"/sessions/{session_id}")
    api.world.run(30)
    before = api.world.store.access.consumer("ada")
    assert before is not None
    assert before.reserved > 0
    monkeypatch.setattr(api.world.store.sessions, "unsettled", lambda limit=100: [])
    enforcing.enforce(api.world.ports, "ada")
    assert api.world.store.access.consumer("ada") == before


def test_a_budget_that_is_raised_while_it_is_looked_at_is_not_told_of_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    api = Api()
    api.rent()
    api.world.run(1800)
    low = Budget(period="day", limit=100_000, since=NOW)
    budgeting.put(api.world.ports, "ada", low)
    known = api.world.alerts.known

    def raised(wanted: list[str]) -> set[str]:
        budgeting.put(api.world.ports, "ada", msgspec.structs.replace(low, limit=100_000_000))
        return known(wanted)

    with monkeypatch.context() as patched:
        patched.setattr(api.world.ports.alerts, "known", raised)
        enforcing.enforce(api.world.ports, "ada")
    assert alerts(api) == []
    budgeting.put(api.world.ports, "ada", low)
    enforcing.enforce(api.world.ports, "ada")
    assert [share for _, share in alerts(api)] == [0.5, 0.8, 1.0]


def test_what_was_read_of_a_budget_can_be_changed_and_sent_back() -> None:
    api = Api()
    put(api)
    told = budget(api)
    reply = api.send("PUT", "/budgets/ada", {**told, "limit": 3}, who="operator")
    assert (reply.status, reply.json) == (200, {**told, "limit": 3.0})


def test_a_consumer_reads_their_own_budget_and_nobody_elses() -> None:
    api = Api()
    assert api.send("GET", "/budgets/ada").status == 404
    put(api)
    assert api.send("GET", "/budgets/ada", who="bob").status == 404
    assert api.send("PUT", "/budgets/ada", {"period": "day", "limit": 1}).status == 403
    assert api.send("PUT", "/budgets/nobody", {"period": "day", "limit": 1}, who="operator").status == 404


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"limit": -1}, "limit"),
        ({"limit": 1e300}, "limit"),
        ({"limit": 0.1234567}, "limit"),
        ({"limit": "1"}, "limit"),
        ({"limit": None}, "limit"),
        ({"period": "week"}, "period"),
        ({"thresholds": [0]}, "thresholds"),
        ({"thresholds": [0.5, 0.5]}, "thresholds"),
        ({"thresholds": [-0.5]}, "thresholds"),
        ({"on_exceeded": "explode"}, "on_exceeded"),
        ({"timezone": "Europe/Berlin"}, "timezone"),
        ({"spent": "0"}, "spent"),
        ({"consumer": "bob"}, "consumer"),
    ],
)
def test_a_budget_that_makes_no_sense_names_its_field(fields: dict[str, object], field: str) -> None:
    body = {"period": "day", "limit": 1, **fields}
    reply = Api().send("PUT", "/budgets/ada", body, who="operator")
    assert (reply.status, reply.json["field"]) == (400, field)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "[1, NaN]", '{"a": -Infinity}'])
@pytest.mark.parametrize("field", ["limit", "thresholds"])
def test_a_number_that_is_none_names_its_field(field: str, number: str) -> None:
    raw = '{"period": "day", "limit": 1, "thresholds": [1]}'.replace(f'"{field}": ', f'"{field}": {number}, "x": ')
    reply = Api().send("PUT", "/budgets/ada", raw=raw.encode(), who="operator")
    assert (reply.status, reply.code, reply.json["field"].partition(".")[0]) == (400, "invalid_json", field)
