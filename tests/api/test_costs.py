"""GET /costs: every grouping, live to the moment, and dates that make no sense."""

import csv
import io
from typing import Any

import pytest

from chalicelib import sweeps
from chalicelib.domain import period
from chalicelib.domain.instant import DAY, SECOND
from tests.api.client import Api
from tests.builders import NOW

TODAY = period.day(NOW)


def costs(api: Api, who: str = "ada", **query: str) -> Any:
    reply = api.send("GET", "/costs?" + "&".join(f"{name}={value}" for name, value in query.items()), who=who)
    assert reply.status == 200, reply.text
    return reply.json


def test_nothing_was_spent_yet() -> None:
    assert costs(Api()) == {
        "currency": "USD", "from": period.day(NOW - 29 * DAY), "to": TODAY, "total": 0.0, "gpu_hours": 0.0,
        "burn_per_hour": 0.0, "groups": [],
    }  # fmt: skip


def test_what_runs_costs_up_to_this_very_second() -> None:
    api = Api()
    api.rent()
    api.world.run(1800)
    first = costs(api)
    assert first["total"] == pytest.approx(0.204, rel=0.02)
    assert first["burn_per_hour"] == 0.408
    assert first["groups"] == [
        {"key": TODAY, "cost": first["total"], "gpu_hours": first["gpu_hours"], "sessions": 1},
    ]
    api.world.clock.advance(1)
    assert costs(api)["total"] > first["total"]


@pytest.mark.parametrize("group_by", ["day", "month", "session", "provider", "gpu", "consumer"])
def test_every_grouping_adds_up_to_the_same(group_by: str) -> None:
    api = Api()
    ids = [api.rent()["id"], api.rent()["id"], api.rent(who="bob")["id"]]
    api.world.run(900)
    api.send("DELETE", f"/sessions/{ids[0]}")
    api.world.run(1200)
    found = costs(api, "operator", group_by=group_by)
    assert found["total"] == costs(api, "operator")["total"] > 0
    assert sum(group["cost"] for group in found["groups"]) == pytest.approx(found["total"])
    assert sum(group["sessions"] for group in found["groups"]) == 3
    keys = {group["key"] for group in found["groups"]}
    expected = {
        "day": {TODAY}, "month": {TODAY[:7]}, "session": set(ids), "provider": {"vastai"}, "gpu": {"RTX 4090"},
        "consumer": {"ada", "bob"},
    }  # fmt: skip
    assert keys == expected[group_by]


@pytest.mark.parametrize("group_by", ["day", "month", "session", "provider", "gpu", "consumer"])
@pytest.mark.parametrize("which", ["all", "session"])
def test_each_group_tells_its_days_when_it_is_asked_to(group_by: str, which: str) -> None:
    api = Api()
    session_id = api.rent(hours=12)["id"]
    api.rent(who="bob")
    api.world.run(11 * 3600)  # past midnight
    tomorrow = period.day(NOW + DAY)
    asked = {"group_by": group_by, "to": tomorrow} | ({"session": session_id} if which == "session" else {})
    plain = costs(api, "operator", **asked)
    assert not any("days" in group for group in plain["groups"])
    found = costs(api, "operator", **asked, by_day="true")
    for group in found["groups"]:
        assert sum(day["cost"] for day in group["days"]) == pytest.approx(group["cost"])
        assert [day["day"] for day in group["days"]] == sorted({day["day"] for day in group["days"]})
        assert group_by != "day" or [day["day"] for day in group["days"]] == [group["key"]]
    assert {day["day"] for group in found["groups"] for day in group["days"]} == {TODAY, tomorrow}


def test_the_sessions_own_cost_is_what_the_report_says() -> None:
    api = Api()
    session_id = api.rent()["id"]
    api.rent()
    api.world.run(1000)
    found = costs(api, session=session_id)
    assert found["total"] == api.send("GET", f"/sessions/{session_id}").json["cost"]["accrued"]
    api.send("DELETE", f"/sessions/{session_id}")
    api.world.run(120)
    over = costs(api, session=session_id)["total"]
    assert over == api.send("GET", f"/sessions/{session_id}").json["cost"]["accrued"]
    by_session = {group["key"]: group["cost"] for group in costs(api, group_by="session")["groups"]}
    assert by_session[session_id] == over


def test_a_report_is_the_same_before_and_after_an_accrual() -> None:
    api = Api()
    api.rent()
    api.world.run(700)
    before = costs(api)
    sweeps.run("accrue", api.world.ports)
    assert costs(api) == before


def test_a_session_over_midnight_is_one_session() -> None:
    api = Api()
    api.world.run((period.bounds(TODAY)[1] - NOW) / SECOND - 600)
    api.rent()
    api.world.run(1800)
    assert [group["sessions"] for group in costs(api)["groups"]] == [1, 1]
    assert [group["sessions"] for group in costs(api, group_by="month")["groups"]] == [1]
    tomorrow = period.day(period.bounds(TODAY)[1])
    assert [group["sessions"] for group in costs(api, group_by="gpu", **{"from": tomorrow})["groups"]] == [1]
    assert [group["key"] for group in costs(api, to=TODAY)["groups"]] == [TODAY]


def test_a_consumer_sees_their_own_alone() -> None:
    api = Api()
    session_id = api.rent(who="bob")["id"]
    api.world.run(600)
    assert costs(api)["total"] == 0
    assert costs(api)["burn_per_hour"] == 0
    assert costs(api, "operator", consumer="bob")["total"] > 0
    refused = api.send("GET", "/costs?consumer=bob")
    assert (refused.status, refused.json["field"]) == (403, "consumer")
    assert api.send("GET", f"/costs?session={session_id}").status == 404


def test_a_table_for_spreadsheets_on_request() -> None:
    api = Api()
    api.rent()
    api.world.run(600)
    reply = api.send("GET", "/costs?group_by=gpu", headers={"Accept": "text/csv"})
    assert reply.headers["Content-Type"] == "text/csv; charset=utf-8"
    [row] = csv.DictReader(io.StringIO(reply.text))
    assert row["key"] == "RTX 4090"
    assert float(row["cost"]) == costs(api)["total"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=yesterday", "from"),
        ("to=2026-02-30", "to"),
        ("to=2026-2-3", "to"),
        ("from=2026-11-23T00:00:00Z", "from"),
        ("from=2026-10-02&to=2026-10-01", "to"),
        ("from=2016-01-01&to=2026-01-12", "from"),
        ("from=-1", "from"),
        ("from=9999999999", "from"),
        ("group_by=week", "group_by"),
        ("group_by=", "group_by"),
        ("timezone=Europe/Berlin", "timezone"),
        ("from=2026-01-01&from=2026-01-02", "from"),
    ],
)
def test_a_question_that_makes_no_sense_names_its_field(query: str, field: str) -> None:
    reply = Api().send("GET", f"/costs?{query}")
    assert (reply.status, reply.json["field"]) == (400, field)


def test_a_leap_year_is_not_too_long() -> None:
    assert costs(Api(), **{"from": "2027-01-01", "to": "2028-01-01"})["total"] == 0


@pytest.mark.parametrize(
    ("query", "field"), [("from=2030-01-01", "from"), ("from=2026-09-20&to=2026-09-19", "to"), ("to=tomorrow", "to")]
)
def test_the_day_that_is_wrong_is_the_one_that_was_sent(query: str, field: str) -> None:
    reply = Api().send("GET", f"/costs?{query}")
    assert (reply.status, reply.json["field"]) == (400, field)
