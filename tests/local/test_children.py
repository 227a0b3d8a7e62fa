import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.children import Child, ChildFailed, free_ports
from tests.local.waiting import children_of, eventually, runs

ROOT = Path(__file__).parents[2]
LISTEN = "import socket,sys,threading; s=socket.create_server(('127.0.0.1',{port})); {more}; threading.Event().wait()"


def a_child(tmp_path: Path, program: str = LISTEN, more: str = "0", listens: bool = False) -> Child:
    port = free_ports(1)[0]
    argv = [sys.executable, "-c", program.format(port=port, more=more)]
    return Child("the thing", argv, port, dict(os.environ), tmp_path / "log", listens)


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Child]:
    child = a_child(tmp_path)
    yield child
    child.kill()


def test_a_child_is_ready_when_its_port_answers(child: Child) -> None:
    child.start()
    child.wait_ready(10)
    assert child.answers()
    assert child.exit_code() is None


def test_a_child_may_be_started_again_on_its_port(child: Child) -> None:
    child.start()
    child.wait_ready(10)
    child.kill()
    assert child.exit_code() == -signal.SIGKILL
    child.start()
    child.wait_ready(10)
    assert child.answers()


def test_a_child_outlives_the_thread_that_started_it(child: Child) -> None:
    thread = threading.Thread(target=child.start)
    thread.start()
    thread.join()
    child.wait_ready(10)
    assert child.exit_code() is None


def test_a_child_that_ends_while_starting_is_reported_with_its_last_words(tmp_path: Path) -> None:
    child = a_child(tmp_path, "import sys; sys.exit('the disk is full')")
    child.start()
    with pytest.raises(ChildFailed, match=r"the thing ended with 1 .*the disk is full"):
        child.wait_ready(10)


def test_a_child_that_never_answers_is_given_up(tmp_path: Path) -> None:
    child = a_child(tmp_path, "import threading; threading.Event().wait()")
    child.start()
    with pytest.raises(ChildFailed, match="did not answer"):
        child.wait_ready(0.1)
    child.kill()


def test_waiting_ends_at_once_when_cancelled(child: Child) -> None:
    child.start()
    child.wait_ready(3600, cancelled=lambda: True)


def test_a_child_that_is_deaf_to_a_polite_stop_is_killed(tmp_path: Path) -> None:
    child = a_child(
        tmp_path, more="import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True)"
    )
    child.start()
    child.wait_ready(10)
    assert eventually(lambda: "deaf" in (tmp_path / "log").read_text())
    child.ask_to_stop()
    child.stop(0.1)
    assert child.exit_code() == -signal.SIGKILL


def test_what_is_said_to_a_child_arrives_as_a_line(tmp_path: Path) -> None:
    child = a_child(tmp_path, "print('heard', input(), flush=True)", listens=True)
    child.start()
    child.say(b"go")
    assert eventually(lambda: "heard go" in (tmp_path / "log").read_text())
    child.stop(5)


def test_a_child_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys, threading; from pathlib import Path; from tests.local.test_children import a_child;"
        "child = a_child(Path(sys.argv[1])); child.start(); child.wait_ready(10); print(child.pid, flush=True);"
        "threading.Event().wait()"
    )
    parent = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE)
    assert parent.stdout
    child = int(parent.stdout.readline())
    assert child in children_of(parent.pid)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert eventually(lambda: not runs(child))


def test_a_tether_to_somebody_who_is_not_the_parent_does_not_hold() -> None:
    """So it goes when the parent died before the knot was tied."""
    tether = [sys.executable, str(ROOT / "local" / "tether.py"), "1", "echo", "started"]
    done = subprocess.run(tether, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert done.stdout == ""
    assert "the parent is gone" in done.stderr


def test_free_ports_are_all_different() -> None:
    assert len(set(free_ports(20))) == 20
