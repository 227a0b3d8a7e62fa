"""The command line itself: help, usage, keys, exit codes, and who reads the output."""

import subprocess
import sys
from pathlib import Path

import pytest

from chalicelib import __version__
from cli.main import main, parser
from tests.cli.conftest import Run
from tests.cli.stub import Stub
from tests.cli.things import SESSION_ID, session

ROOT = Path(__file__).parents[2]
COMMANDS = (
    "inventory",
    "up",
    "ls",
    "show",
    "ssh",
    "done",
    "extend",
    "renew",
    "rm",
    "mcp",
    "completion",
    "health",
    "sweep",
    "orphans",
    "drill",
    "costs",
    "budget",
    "alerts",
)
GROUPS = (
    ("keys", "create"),
    ("keys", "ls"),
    ("keys", "rm"),
    ("consumers", "create"),
    ("consumers", "ls"),
    ("consumers", "set"),
)


@pytest.mark.parametrize("words", [*((name,) for name in COMMANDS), *GROUPS])
def test_every_command_has_help_and_json(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([*words, "--help"])
    assert caught.value.code == 0
    assert "--json" in capsys.readouterr().out


HEAVY = {"requests", "msgspec", "tomllib", "urllib3", "subprocess", "ssl", "socket", "hashlib", "asyncio", "mcp"}
MODULES = 100  # on top of a bare interpreter: argparse, dataclasses, json and what they load, and our own commands


def test_help_loads_nothing_that_only_a_request_needs() -> None:
    code = (
        "import sys; bare = set(sys.modules); from cli.main import parser; parser().format_help(); "
        "print(*set(sys.modules) - bare)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert HEAVY & loaded == set()
    assert len(loaded) <= MODULES


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["--version"])
    assert capsys.readouterr().out == f"{__version__}\n"


@pytest.mark.parametrize(
    "words", [[], ["nonsense"], ["ls", "--nonsense"], ["extend", "x", "abc"], ["ls", "--", "x"], ["keys", "ls"], ["rm"]]
)
def test_a_wrong_command_line_is_one_line_and_exit_code_two(run: Run, words: list[str]) -> None:
    ran = run(*words)
    assert (ran.code, ran.out) == (2, "")
    assert len(ran.err.splitlines()) == 1
    assert "--help" in ran.err


def test_with_json_a_usage_error_is_json_too(run: Run) -> None:
    ran = run("ls", "--json", "--limit", "0")
    assert ran.code == 2
    assert ran.error["code"] == "usage"


def test_without_a_key_the_person_is_told_where_to_get_one(
    stub: Stub, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GPU_SHOPPER_KEY")
    ran = run("ls")
    assert ran.code == 1
    assert ran.err.startswith("gpu-shopper: no key; set GPU_SHOPPER_KEY; `make run` prints one")


def test_a_key_that_does_not_hold_is_told_apart_from_none(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPU_SHOPPER_KEY", "gs_wrong")
    ran = run("ls", "--json")
    assert (ran.code, ran.error["status"], ran.error["code"]) == (1, 401, "unauthorized")


def test_a_service_that_is_not_there_is_exit_code_three(run: Run) -> None:
    ran = run("ls", "--url", "http://127.0.0.1:9")
    assert ran.code == 3
    assert ran.err == (
        "gpu-shopper: cannot reach http://127.0.0.1:9: connection refused; "
        "start it with `make run`, or set GPU_SHOPPER_URL\n"
    )


def test_a_warning_stands_before_the_answer_on_stderr(stub: Stub, run: Run, home: Path) -> None:
    folder = home / ".config" / "gpu-shopper"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('key = "gs_other"\n')
    (folder / "config.toml").chmod(0o644)
    stub.lists("/sessions", "sessions", [session("running")])
    ran = run("ls", "--json")
    assert ran.json["sessions"][0]["id"] == SESSION_ID
    assert ran.err.startswith("warning: others can read the key")


def test_a_reader_that_has_enough_is_no_error(stub: Stub, home: Path) -> None:
    stub.lists("/sessions", "sessions", [session(session_id=f"local-{n}-{'x' * 500}") for n in range(2000)])
    shell = f'"{sys.executable}" -m cli.main ls --limit 2000 --url {stub.url} | head -1; echo "${{PIPESTATUS[0]}}"'
    environ = {"HOME": str(home), "PATH": "/usr/bin:/bin", "GPU_SHOPPER_KEY": "gs_test_key"}
    command = ["/bin/bash", "-c", shell]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[1:] == ["0"]
    assert done.stderr == ""
