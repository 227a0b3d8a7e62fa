"""The page on the Python client: its example runs, its types hold, and its table knows every method and route."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chalicelib.api.routes import ROUTES, Who
from cli.client import Client
from tests.cli.conftest import home, stub
from tests.cli.stub import DROPPED, KEY, Stub, problem
from tests.cli.things import PUBLIC_KEY, SESSION_ID, ended, session

__all__ = ["home", "stub"]  # fixtures

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "python.md").read_text("utf-8")
(EXAMPLE,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.M | re.S)
PATH = f"/sessions/{SESSION_ID}"


@pytest.fixture
def run_on_a_gpu() -> Any:
    found: dict[str, Any] = {}
    exec(compile(EXAMPLE, "docs/python.md", "exec"), found)
    return found["run_on_a_gpu"]


def test_the_example_rents_works_and_leaves_nothing(stub: Stub, home: Path, run_on_a_gpu: Any) -> None:
    stub.says("POST", "/sessions", session(), status=202)
    stub.says("GET", PATH, session("provisioning"), session("running"), DROPPED, DROPPED, ended(reason="done"))
    stub.says("POST", f"{PATH}/renew", session("running"))
    stub.says("POST", f"{PATH}/done", session("terminating"), status=202)
    worked: list[str] = []
    pauses: list[float] = []
    gone = run_on_a_gpu(
        Client(stub.url, KEY), PUBLIC_KEY, lambda now: worked.append(now["ssh"]["command"]), pauses.append
    )
    assert worked == ["ssh -p 41234 root@203.0.113.7"]
    assert (gone["status"], gone["end_reason"]) == ("terminated", "done")
    assert stub.of("POST")[0].body["lease_minutes"] == 15


def test_its_machine_ends_when_the_work_fails(stub: Stub, home: Path, run_on_a_gpu: Any) -> None:
    def fails(_: object) -> None:
        raise RuntimeError("out of memory")

    stub.says("POST", "/sessions", session("running"), status=202)
    stub.says("POST", f"{PATH}/renew", session("running"))
    stub.says("POST", f"{PATH}/done", session("terminating"), status=202)
    with pytest.raises(RuntimeError):
        run_on_a_gpu(Client(stub.url, KEY), PUBLIC_KEY, fails, lambda seconds: None)
    assert stub.of("POST", f"{PATH}/done")


def test_a_refusal_ends_it_with_its_reason(stub: Stub, home: Path, run_on_a_gpu: Any) -> None:
    stub.says("POST", "/sessions", problem(402, "budget_exceeded", "it holds more than is left"))
    with pytest.raises(SystemExit, match="budget_exceeded: it holds more than is left"):
        run_on_a_gpu(Client(stub.url, KEY), PUBLIC_KEY, lambda now: None, lambda seconds: None)


def test_the_example_is_well_typed(tmp_path: Path) -> None:
    (tmp_path / "example.py").write_text(EXAMPLE)
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", "/dev/null", str(tmp_path / "example.py")],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout


def test_the_table_knows_every_method_and_every_route_for_people() -> None:
    rows = re.findall(r"^\| (`.*?) \| (`.*?) \|$", PAGE, re.M)
    methods = {name for left, _ in rows for name in re.findall(r"`(\w+)`", left)}
    assert methods == {name for name in vars(Client) if not name.startswith("_")}
    told = set()
    for _, right in rows:
        parts = re.findall(r"`([A-Z]+)(?: (/[^`]*))?`", right)
        paths = [path for _, path in parts]
        told |= {(verb, path or next(p for p in paths[at:] if p)) for at, (verb, path) in enumerate(parts)}
    pages = {"/", "/docs", "/openapi.json", "/dashboard/{name}", "/agent/agent.sh"}
    routes = {(row.method, row.path) for row in ROUTES if row.who is not Who.AGENT and row.path not in pages}
    assert told == routes
