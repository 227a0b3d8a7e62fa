"""The table of routes is the whole surface. Who may ask for what is held by `test_roles`."""

import pytest

from app import app
from chalicelib.api.routes import ROUTES, Row, Who
from chalicelib.domain.schedule import EVERY, WOKEN
from chalicelib.sweeps import SWEEPS
from tests.api.client import Api


def _name(row: Row) -> str:
    return f"{row.method} {row.path}"


@pytest.mark.parametrize("row", ROUTES, ids=_name)
def test_every_row_is_a_route_of_the_app_with_the_handler_it_names(row: Row) -> None:
    assert app.routes[row.path][row.method].view_function is row
    assert callable(row.handler)
    assert isinstance(row.who, Who)


def test_the_app_has_no_route_without_a_row() -> None:
    routes = {(method, path) for path, methods in app.routes.items() for method in methods}
    assert routes == {(row.method, row.path) for row in ROUTES}
    assert len(routes) == len(ROUTES)


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
