"""The embedded engine starts where it is told, answers, and never outlives its parent."""

import http.client
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from local.engine import Engine, EngineError, find_engine, start_engine

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def binary() -> Path:
    found = find_engine(ROOT)
    if found is None:
        pytest.skip("the state engine is not installed: run `npm ci`")
    return found


def _answers(url: str) -> bool:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=2)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def test_where_nothing_is_installed_nothing_is_found(tmp_path: Path) -> None:
    assert find_engine(tmp_path) is None


def test_a_file_that_cannot_be_run_is_not_an_engine(tmp_path: Path) -> None:
    binary = tmp_path / "node_modules" / "@dynoxide" / "linux-x64" / "dynoxide"
    binary.parent.mkdir(parents=True)
    binary.write_text("#!/bin/sh\n")
    assert find_engine(tmp_path) is None
    binary.chmod(0o755)
    assert find_engine(tmp_path) == binary


def test_it_answers_once_started_and_is_gone_once_stopped(binary: Path, tmp_path: Path) -> None:
    engine = start_engine(binary, tmp_path / "new" / "state.db")
    try:
        assert _answers(engine.url)
        assert (tmp_path / "new" / "state.db").exists()
    finally:
        engine.stop()
    assert not _answers(engine.url)
    engine.stop()


def test_an_engine_that_cannot_start_says_why(binary: Path, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="unable to open database file"):
        start_engine(binary, tmp_path)


def test_a_port_that_is_taken_is_said_so(binary: Path) -> None:
    engine = start_engine(binary, None)
    port = urlsplit(engine.url).port
    assert port is not None
    try:
        with pytest.raises(EngineError, match=r"(?i)address.*in use"):
            start_engine(binary, None, port)
    finally:
        engine.stop()


def test_it_dies_with_its_parent_even_by_kill(binary: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from local.engine import start_engine;"
        "engine = start_engine(Path(sys.argv[1]), None); print(engine.url, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program, str(binary)], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert parent.stdout is not None
    url = parent.stdout.readline().strip()
    assert _answers(url)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    for _ in range(1000):  # each look takes a while itself
        if not _answers(url):
            return
    pytest.fail("the engine outlived its parent")


def test_stopping_waits_until_it_is_gone(binary: Path) -> None:
    engine: Engine = start_engine(binary, None)
    engine.stop()
    assert engine.process.returncode is not None
