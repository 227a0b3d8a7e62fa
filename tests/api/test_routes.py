"""The table of routes is the whole surface, and every row asks for its role."""

import pytest

from app import app
from chalicelib.api.routes import ROUTES, Row, Who
from chalicelib.domain.schedule import EVERY, WOKEN
from chalicelib.sweeps import SWEEPS
from tests.api.client import OFFER, Api, wish
from tests.builders import a_session_id

_BODIES = {
    "POST /sessions": wish(),
    "POST /sessions/{id}/extend": {"hours": 1},
    "POST /consumers": {"id": "carol"},
    "POST /agent/heartbeat": {"uptime_seconds": 1},
    "PUT /budgets/{consumer}": {"period": "day", "limit": 5},
    "POST /alerts/subscriptions": {"protocol": "email", "endpoint": "ada@example.com"},
}


def _name(row: Row) -> str:
    return f"{row.method} {row.path}"


def _path(row: Row, session_id: str = a_session_id(9)) -> str:
    path = row.path.replace("{offer_id}", OFFER).replace("{name}", "launch").replace("{key_id}", "0123456789")
    return path.replace("{id}", session_id if row.path.startswith("/sessions") else "bob")


@pytest.mark.parametrize("row", ROUTES, ids=_name)
def test_every_row_is_a_route_of_the_app_with_the_handler_it_names(row: Row) -> None:
    assert app.routes[row.path][row.method].view_function is row.handler
    assert isinstance(row.who, Who)


def test_the_app_has_no_route_without_a_row() -> None:
    routes = {(method, path) for path, methods in app.routes.items() for method in methods}
    assert routes == {(row.method, row.path) for row in ROUTES}
    assert len(routes) == len(ROUTES)


@pytest.mark.parametrize("row", ROUTES, ids=_name)
@pytest.mark.parametrize("who", [None, "ada", "operator"])
def test_a_row_lets_in_its_role_and_nobody_else(row: Row, who: str | None) -> None:
    reply = Api().send(row.method, _path(row), _BODIES.get(_name(row)), who=who)
    if (who is None and row.who is not Who.PUBLIC) or row.who is Who.AGENT:
        assert (reply.status, reply.code) == (401, "unauthorized")
        assert reply.headers["WWW-Authenticate"] == "Bearer"
    elif who == "ada" and row.who is Who.OPERATOR:
        assert (reply.status, reply.code) == (403, "forbidden")
    else:
        assert reply.status not in (401, 403)
        assert reply.status < 500


@pytest.mark.parametrize("row", [row for row in ROUTES if row.path.startswith("/sessions/{id}")], ids=_name)
def test_a_session_of_somebody_else_is_answered_like_one_that_does_not_exist(row: Row) -> None:
    api = Api()
    session_id = api.rent(who="ada")["id"]
    body = _BODIES.get(_name(row))
    foreign = api.send(row.method, _path(row, session_id), body, who="bob")
    missing = api.send(row.method, _path(row), body, who="bob")
    assert foreign.status == missing.status == 404
    assert foreign.json["detail"] == missing.json["detail"]
    assert api.send(row.method, _path(row, session_id), body, who="operator").status in (200, 202)


@pytest.mark.parametrize("path", sorted({row.path for row in ROUTES}))
def test_a_wrong_method_is_a_problem_that_names_the_right_ones(path: str) -> None:
    known = {row.method for row in ROUTES if row.path == path}
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - known:
        reply = Api().send(method, path)
        assert (reply.status, reply.code) == (405, "method_not_allowed")
        assert set(reply.headers["Allow"].split(", ")) == known


def test_a_head_request_is_answered_without_a_body() -> None:
    reply = Api().send("HEAD", "/health")
    assert (reply.status, reply.text) == (405, "")


def test_each_sweep_has_its_schedule_and_its_place_in_the_health_report() -> None:
    scheduled = {
        source.name: source.schedule_expression.to_string()
        for source in app.event_sources
        if hasattr(source, "schedule_expression")
    }
    assert set(scheduled) == set(SWEEPS) == set(EVERY)
    for name, seconds in WOKEN.items():
        minutes = round(seconds / 60)
        assert scheduled[name] == f"rate({minutes} minute{'s' if minutes > 1 else ''})"
