"""On a terminal every table fits it, and NO_COLOR and TERM=dumb take the colours out of everything."""

import re

import pytest

from tests.cli.conftest import Run
from tests.cli.stub import Stub
from tests.cli.test_json import CALLS
from tests.cli.test_json import service as service
from tests.cli.things import TENSORDOCK_ID, ended, offer, session

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
TABLES = ("inventory", "ls", "costs", "alerts", "health", "keys ls", "consumers ls")
LONG = "a very long word of the market about what it is doing just now " * 3


@pytest.fixture
def crowded(service: Stub) -> Stub:
    far = offer(TENSORDOCK_ID, region=LONG, gpu="RTX PRO 6000 Blackwell Server Edition")
    service.lists("/inventory", "offers", [offer(), far], providers={}, total=2)
    service.lists(
        "/sessions", "sessions", [session("provisioning", status_reason=LONG, offer=far), ended(reason="lost")]
    )
    group = {"key": "local-01k7x5e3zq8r2m4n6p8s0t2v4w-ab12cd34" * 2, "cost": 1.5, "gpu_hours": 4.0, "sessions": 2}
    service.says("GET", "/costs", {**service.script["GET", "/costs"][0].body, "groups": [group]})
    told = {"at": "2026-03-01T10:00:00.000Z", "kind": "session_unreachable", "sent_at": None, "detail": LONG}
    service.lists("/alerts", "alerts", [told])
    market = {"status": "error", "creates_allowed": False, "reason": LONG, "last_complete_list_at": None}
    service.says("GET", "/health", {"status": "degraded", "checks": {"providers": {"vastai": market}}})
    return service


@pytest.mark.parametrize("columns", [60, 80, 132])
@pytest.mark.parametrize("command", TABLES)
def test_a_table_fits_the_terminal(
    crowded: Stub, typed: Run, monkeypatch: pytest.MonkeyPatch, command: str, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    ran = typed(*command.split(), *CALLS[command])
    assert ran.code == 0, ran.err
    lines = COLOUR.sub("", ran.out).splitlines()
    assert len(lines) > 1
    assert [line for line in lines if len(line) > columns] == []


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_no_colour_where_none_is_wanted(
    crowded: Stub, typed: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    for command in TABLES:
        monkeypatch.delenv(name, raising=False)
        coloured = typed(*command.split(), *CALLS[command]).out
        monkeypatch.setenv(name, value)
        plain = typed(*command.split(), *CALLS[command]).out
        assert COLOUR.search(coloured)
        assert "\x1b" not in plain
        assert COLOUR.sub("", coloured) == plain
