"""Who may what: every route, asked by everybody there is, about their own things and about those of others.

All of it follows from the table of routes. A new route whose path, body or query names something that has no rule here
fails until it has one.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pytest

from chalicelib.api import descriptions
from chalicelib.api.routes import ROUTES, Row, Who
from chalicelib.domain.access import Role, issue
from tests.api.client import OFFER, Api, Reply, wish

PUBLIC = {"SHOPPER_PUBLIC_URL": "https://shopper.example.com"}  # agents are let in only where they can reach us


class Named(NamedTuple):
    """What a variable of a path names."""

    make: Callable[[Api, Row], str]
    """Makes one that is ada's, or everybody's."""
    owned: bool = False
    """Whether others are to be told that it does not exist."""


def _session(api: Api, row: Row) -> str:
    return str(api.rent(who="ada", **_RENTED.get(_name(row), {}))["id"])


def _budget(api: Api, _: Row) -> str:
    api.send("PUT", "/budgets/ada", {"period": "day", "limit": 5}, who="operator")
    return "ada"


def _subscription(api: Api, _: Row) -> str:
    return str(api.send("POST", "/alerts/subscriptions", _BODIES["POST /alerts/subscriptions"], who="ada").json["id"])


def _key(api: Api, _: Row) -> str:
    return str(api.send("POST", "/consumers/ada/keys", who="operator").json["key_id"])


_NAMED: Mapping[str, Named] = {
    "sessions/{id}": Named(_session, owned=True),
    "budgets/{consumer}": Named(_budget, owned=True),
    "subscriptions/{id}": Named(_subscription, owned=True),
    "consumers/{id}": Named(lambda *_: "ada"),
    "keys/{key_id}": Named(_key),
    "inventory/{offer_id}": Named(lambda *_: OFFER),
    "sweeps/{name}": Named(lambda *_: "launch"),
    "dashboard/{name}": Named(lambda *_: "app.js"),
}
"""By the variable and the segment before it."""

_BODIES: Mapping[str, dict[str, object]] = {
    "POST /sessions": wish(),
    "POST /alerts/subscriptions": {"protocol": "email", "endpoint": "ada@example.com"},
    "POST /consumers": {"id": "carol"},
    "PATCH /consumers/{id}": {"max_sessions": 7},
}
"""Where the description's example is not one for this world."""

_RENTED: Mapping[str, dict[str, object]] = {"POST /sessions/{id}/renew": {"lease_minutes": 30}}
"""What a session must be rented with so that its owner may do this to it."""

_NOBODY = ("nobody", "malformed", "wrong", "revoked", "disabled")


def _name(row: Row) -> str:
    return f"{row.method} {row.path}"


def _variables(row: Row) -> list[str]:
    segments = row.path.strip("/").split("/")
    return [
        f"{before}/{segment}"
        for before, segment in zip(["", *segments], segments, strict=False)
        if segment.startswith("{")
    ]


def _path(api: Api, row: Row) -> str:
    path = row.path
    for variable in _variables(row):
        path = path.replace(variable, f"{variable.partition('/')[0]}/{_NAMED[variable].make(api, row)}")
    return path


def _body(row: Row, **more: object) -> dict[str, object] | None:
    if row.body is None:
        return None
    return {**(_BODIES.get(_name(row)) or descriptions.ROUTES[_name(row)].example or {}), **more}


def _owned(row: Row) -> bool:
    return any(_NAMED[variable].owned for variable in _variables(row))


def _keys(api: Api) -> None:
    """Keys that hold no longer, or never did, and the token of an agent."""
    for name in ("revoked", "disabled"):
        api.send("POST", "/consumers", {"id": name}, who="operator")
        made = api.send("POST", f"/consumers/{name}/keys", who="operator").json
        api.keys[name] = made["key"]
        if name == "revoked":
            api.send("DELETE", f"/consumers/revoked/keys/{made['key_id']}", who="operator")
    api.send("PATCH", "/consumers/disabled", {"status": "disabled", "role": Role.OPERATOR}, who="operator")
    api.keys["malformed"] = "gs_0123456789_abc"
    # Well formed, with the id of bob's key and another secret.
    api.keys["wrong"] = issue(bytes([2] * 6 + [9] * 32), api.world.ports.secrets.pepper)[1]
    assert api.keys["wrong"].split("_")[1] == api.keys["bob"].split("_")[1]


def _agent(api: Api) -> str:
    """The token of a machine that ada rented."""
    api.rent(who="ada")
    api.world.run(120)
    order = [*api.world.market.machines.values()][-1].order
    assert order is not None
    assert order.agent is not None
    return order.agent.token


def _ask(api: Api, row: Row, who: str, **more: Any) -> Reply:
    path = _path(api, row)  # made by its owner, whoever asks
    return api.send(row.method, path, _body(row, **more), who=None if who == "nobody" else who)


@pytest.mark.parametrize("row", ROUTES, ids=_name)
def test_every_variable_and_every_body_has_a_rule(row: Row) -> None:
    assert set(_variables(row)) <= _NAMED.keys()
    assert row.body is None or _body(row)
    if row.who is Who.CONSUMER and not _variables(row):  # a list or a creation: it must be told whose
        takes_consumer = row.body is not None and "consumer" in row.body.__struct_fields__
        assert takes_consumer or "consumer" in row.query


@pytest.mark.parametrize("row", ROUTES, ids=_name)
@pytest.mark.parametrize("who", _NOBODY)
def test_whoever_has_no_key_that_holds_reaches_what_is_public_and_nothing_else(row: Row, who: str) -> None:
    api = Api(environ=PUBLIC)
    _keys(api)
    reply = _ask(api, row, who)
    if row.who is Who.PUBLIC:
        assert reply.status == 200
    else:
        assert (reply.status, reply.code, reply.headers["WWW-Authenticate"]) == (401, "unauthorized", "Bearer")


@pytest.mark.parametrize("row", ROUTES, ids=_name)
def test_the_token_of_an_agent_is_good_for_agents_rows_while_its_session_lives(row: Row) -> None:
    api = Api(environ=PUBLIC)
    api.keys["agent"] = _agent(api)
    reply = _ask(api, row, "agent")
    assert reply.status == (200 if row.who in (Who.AGENT, Who.PUBLIC) else 401)
    for session in api.send("GET", "/sessions").json["sessions"]:
        api.send("DELETE", f"/sessions/{session['id']}")
    api.world.run(600)
    assert _ask(api, row, "agent").status == (200 if row.who is Who.PUBLIC else 401)


@pytest.mark.parametrize("row", ROUTES, ids=_name)
def test_a_consumer_reaches_their_own_things_and_no_operators_row(row: Row) -> None:
    reply = _ask(Api(environ=PUBLIC), row, "ada")
    if row.who is Who.OPERATOR:
        assert (reply.status, reply.code) == (403, "forbidden")
    elif row.who is Who.AGENT:
        assert reply.status == 401
    else:
        assert reply.status in (200, 201, 202)


@pytest.mark.parametrize("row", [row for row in ROUTES if row.who is not Who.AGENT], ids=_name)
def test_an_operator_reaches_everything_of_everybody(row: Row) -> None:
    assert _ask(Api(environ=PUBLIC), row, "operator").status in (200, 201, 202)


@pytest.mark.parametrize("row", [row for row in ROUTES if row.who is Who.CONSUMER and _owned(row)], ids=_name)
def test_what_is_somebody_elses_is_answered_like_what_does_not_exist(row: Row) -> None:
    api = Api(environ=PUBLIC)
    path = _path(api, row)
    before = _everything(api)
    foreign = api.send(row.method, path, _body(row), who="bob")
    missing = api.send(row.method, _missing(row), _body(row), who="bob")
    assert (foreign.status, foreign.code) == (missing.status, missing.code) == (404, "not_found")
    assert foreign.json["detail"] == missing.json["detail"]
    assert _everything(api) == before


@pytest.mark.parametrize(
    "row", [row for row in ROUTES if row.who is Who.CONSUMER and not _variables(row)], ids=_name
)  # fmt: skip
def test_a_list_or_a_creation_for_somebody_else_is_for_operators(row: Row) -> None:
    api = Api(environ=PUBLIC)
    hers = [_session(api, row), _subscription(api, row)]
    if row.body is None:
        named = api.send(row.method, f"{row.path}?consumer=ada", who="bob")
        plain = api.send(row.method, row.path, who="bob")
        assert plain.status == 200
        assert not any(each in plain.text for each in hers)
        assert api.send(row.method, f"{row.path}?consumer=ada", who="ada").status == 200
        assert api.send(row.method, f"{row.path}?consumer=ada", who="operator").status == 200
    else:
        before = _everything(api)
        named = api.send(row.method, row.path, _body(row, consumer="ada"), who="bob")
        assert _everything(api) == before
    assert (named.status, named.code, named.json["field"]) == (403, "forbidden", "consumer")


def _everything(api: Api) -> list[Any]:
    return [api.send("GET", path, who="operator").json for path in ("/sessions", "/alerts/subscriptions", "/consumers")]


def _missing(row: Row) -> str:
    """The same path, of a thing that was never there."""
    nobodys = {"sessions/{id}": "local-1", "budgets/{consumer}": "nobody", "subscriptions/{id}": "00"}
    path = row.path
    for variable in _variables(row):
        path = path.replace(variable, f"{variable.partition('/')[0]}/{nobodys[variable]}")
    return path
