"""Every command, with --json: one JSON document on stdout and nothing else there; its error too, on stderr."""

import json
from collections.abc import Iterator, Mapping

import pytest

from cli.arguments import Parser
from cli.main import parser
from tests.cli.conftest import Run
from tests.cli.stub import Stub, problem
from tests.cli.things import SESSION_ID, event, offer, session

PATH = f"/sessions/{SESSION_ID}"
CONSUMER = {"id": "ada", "role": "consumer", "max_sessions": 3, "max_price_per_hour": 2.0, "status": "active"}
KEY = {"key_id": "0123456789", "key": "gs_0123456789_secret", "created_at": "2026-03-01T10:00:00Z"}
COSTS = {"currency": "USD", "from": "2026-03-01", "to": "2026-03-31", "total": 1.5, "gpu_hours": 3.0}
BUDGET = {"consumer": "ada", "period": "month", "limit": 50, "thresholds": [0.8], "on_exceeded": "block"}

CALLS: Mapping[str, tuple[str, ...]] = {
    "inventory": (),
    "prices": (),
    "up": ("--offer", "vastai:101", "--yes"),
    "ls": ("--all",),
    "show": (SESSION_ID,),
    "ssh": (SESSION_ID,),
    "done": (SESSION_ID,),
    "rm": (SESSION_ID,),
    "extend": (SESSION_ID, "1"),
    "renew": (SESSION_ID,),
    "costs": (),
    "budget": ("ada",),
    "alerts": (),
    "health": (),
    "sweep": ("reconcile",),
    "consumers create": ("ada",),
    "consumers set": ("ada", "--max-sessions", "5"),
    "consumers ls": (),
    "keys create": ("ada",),
    "keys ls": ("ada",),
    "keys rm": ("ada", "0123456789"),
    "completion": ("bash",),
}
ELSEWHERE = {
    "orphans": "test_orphans.py: it talks to the markets",
    "drill": "test_drill.py: it becomes another program",
    "mcp": "tests/mcp: it needs the extra",
}


def leaves(parser: Parser, path: tuple[str, ...] = ()) -> Iterator[str]:
    for name, child in parser.commands.items():
        yield from leaves(child, (*path, name)) if child.commands else [" ".join((*path, name))]


@pytest.fixture
def service(stub: Stub) -> Stub:
    running = session("running")
    stub.lists("/inventory", "offers", [offer()], providers={}, total=1)
    stub.lists("/prices", "prices", [])
    stub.says("GET", "/health", {"status": "ok", "checks": {}})
    stub.says("POST", "/sessions", session(), status=202)
    stub.lists("/sessions", "sessions", [running])
    stub.says("GET", PATH, running)
    stub.lists(f"{PATH}/events", "events", [event("10:00:00", None, "pending", "requested")])
    stub.says("DELETE", PATH, session("terminating"), status=202)
    for action in ("done", "extend", "renew"):
        stub.says("POST", f"{PATH}/{action}", running)
    stub.says("GET", "/costs", {**COSTS, "burn_per_hour": 0.35, "groups": []})
    stub.says("GET", "/budgets/ada", {**BUDGET, "spent": 1.0, "reserved": 0.5, "forecast": 9.0})
    stub.lists("/alerts", "alerts", [])
    stub.says("POST", "/sweeps/reconcile", {"sweep": "reconcile"}, status=202)
    stub.says("POST", "/consumers", CONSUMER, status=201)
    stub.says("PATCH", "/consumers/ada", CONSUMER)
    stub.lists("/consumers", "consumers", [CONSUMER])
    stub.says("POST", "/consumers/ada/keys", KEY, status=201)
    stub.lists("/consumers/ada/keys", "keys", [KEY])
    stub.says("DELETE", "/consumers/ada/keys/0123456789", KEY)
    return stub


def test_no_command_is_left_out() -> None:
    assert set(leaves(parser())) == {*CALLS, *ELSEWHERE}


@pytest.mark.parametrize("command", CALLS)
def test_the_answer_is_one_json_object(service: Stub, run: Run, command: str) -> None:
    ran = run(*command.split(), *CALLS[command], "--json")
    assert ran.code == 0, ran.err
    assert isinstance(json.loads(ran.out), dict)


@pytest.mark.parametrize("command", [name for name in CALLS if name != "completion"])
def test_a_refusal_is_one_json_object_on_stderr(stub: Stub, run: Run, command: str) -> None:
    for method, path in [(asked, where) for asked in ("GET", "POST", "PATCH", "DELETE") for where in _paths()]:
        stub.says(method, path, problem(403, "forbidden", "not for this key"))
    ran = run(*command.split(), *CALLS[command], "--json")
    assert (ran.code, ran.out) == (1, "")
    assert (ran.error["code"], ran.error["status"]) == ("forbidden", 403)


def _paths() -> list[str]:
    of_a_session = [PATH, *(f"{PATH}/{action}" for action in ("done", "extend", "renew", "events"))]
    keys = ["/consumers/ada/keys", "/consumers/ada/keys/0123456789"]
    rest = ["/inventory", "/prices", "/sessions", "/costs", "/budgets/ada", "/alerts", "/health", "/sweeps/reconcile"]
    return [*of_a_session, *keys, *rest, "/consumers", "/consumers/ada"]
