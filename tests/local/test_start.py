"""`python -m local`, as `make run` calls it: what it refuses, what it survives, and that it leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.waiting import children_of, eventually, runs
from tests.stack.stack import Stack

ROOT = Path(__file__).parents[2]


def run_local(tmp_path: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Start it where it will not come far."""
    env = {**os.environ, "SHOPPER_DATA_DIR": str(tmp_path / "data"), "PYTHONPATH": str(ROOT), **environ}
    return subprocess.run(
        [sys.executable, "-m", "local"], cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=60
    )


def test_a_bad_setting_stops_the_start_with_one_line_before_anything_is_made(tmp_path: Path) -> None:
    done = run_local(tmp_path, SHOPPER_TICK_SECONDS="often")
    assert done.returncode == 2
    assert done.stderr.strip() == "SHOPPER_TICK_SECONDS must be a number from 0.05 to 1e+12, not 'often'"
    assert list(tmp_path.iterdir()) == []


def test_a_bad_setting_in_the_env_file_stops_it_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("LOG_LEVEL=shouting\n")
    done = run_local(tmp_path)
    assert done.returncode == 2
    assert "LOG_LEVEL" in done.stderr


def test_a_data_directory_that_cannot_be_one_stops_the_start_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        done = run_local(tmp_path, SHOPPER_DATA_DIR=str(place))
        assert done.returncode == 2
        assert done.stderr.startswith("SHOPPER_DATA_DIR: ")
        assert len(done.stderr.splitlines()) == 1


def test_a_name_that_is_nearly_one_of_a_number_is_pointed_out(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:  # it comes no further than this
        done = run_local(tmp_path, PORT=str(other.getsockname()[1]), SHOPPER_HARD_MAX_SECOND="5")
    assert "!! SHOPPER_HARD_MAX_SECOND is read by nobody: is SHOPPER_HARD_MAX_SECONDS meant?" in done.stderr


def test_a_port_in_use_stops_the_start_with_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        done = run_local(tmp_path, PORT=port)
    assert done.returncode == 1
    assert f"port {port} is in use" in done.stderr


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    stack = Stack(tmp_path / "data")
    stack.start()
    yield stack
    stack.stop()


def pids(stack: Stack) -> tuple[int, dict[int, str]]:
    """The supervisor, and its children with their command lines."""
    supervisor = int((stack.folder / "holder").read_text())
    return supervisor, children_of(supervisor)


def only(children: dict[int, str], word: str) -> int:
    (found,) = [pid for pid, command in children.items() if word in command]
    return found


@pytest.mark.stack
def test_nothing_is_left_when_it_is_told_to_stop(stack: Stack) -> None:
    supervisor, children = pids(stack)
    assert len(children) >= 4
    assert stack.stop() == 0
    assert not [pid for pid in (supervisor, *children) if runs(pid)]
    assert not (stack.folder / "endpoints.json").exists()


@pytest.mark.stack
def test_nothing_is_left_when_the_supervisor_is_killed_and_the_next_start_finds_the_state(stack: Stack) -> None:
    supervisor, children = pids(stack)
    stack.post("/consumers", {"id": "somebody"})
    os.kill(supervisor, signal.SIGKILL)
    assert eventually(lambda: not any(runs(pid) for pid in children))
    stack.start()
    assert "somebody" in [consumer["id"] for consumer in stack.get("/consumers")["consumers"]]


@pytest.mark.stack
def test_a_second_start_on_the_same_data_is_refused_with_one_line(stack: Stack, tmp_path: Path) -> None:
    done = run_local(tmp_path)
    assert done.returncode == 1
    assert done.stderr.strip() == f"already running on {stack.folder} (process {pids(stack)[0]})"


@pytest.mark.stack
@pytest.mark.parametrize("victim", ["local.service", "local.cloud", "simulators vastai"])
def test_a_part_that_crashes_is_replaced(stack: Stack, victim: str) -> None:
    supervisor, children = pids(stack)
    before = only(children, victim)
    os.kill(before, signal.SIGKILL)
    replaced = eventually(lambda: any(victim in command for pid, command in pids(stack)[1].items() if pid != before))
    assert replaced
    assert eventually(lambda: answers(stack), 30)
    assert runs(supervisor)


def answers(stack: Stack) -> bool:
    try:
        return bool(stack.get("/health")["status"])
    except OSError:
        return False
