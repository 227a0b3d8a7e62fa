"""With a state file a market survives `kill -9`: machines, SSH ports, credit, offers and faults."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from simulators import ManualClock, start_vastai
from tests.simulators.support import Dock, Vast, ssh_answers

ROOT = Path(__file__).parents[2]
Start = Callable[..., tuple[subprocess.Popen[str], dict[str, str]]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts `python -m simulators …`; gives the process and its URLs by market."""
    started: list[subprocess.Popen[str]] = []

    def start(*args: str) -> tuple[subprocess.Popen[str], dict[str, str]]:
        command = [sys.executable, "-m", "simulators", *args, "--die-with-parent", str(os.getpid())]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        return process, dict(part.split("=", 1) for part in process.stdout.readline().split())

    yield start
    for process in started:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def wait_for_ssh(port: int) -> None:
    deadline = time.monotonic() + 10
    while not ssh_answers(port):
        assert time.monotonic() < deadline, "SSH never answered"


def test_kill_nine_loses_nothing(start: Start, tmp_path: Path) -> None:
    args = ("both", "--state", str(tmp_path / "markets.json"), "--boot-seconds", "0.2")
    process, urls = start(*args)
    vast, dock = Vast(urls["vastai"]), Dock(urls["tensordock"])
    instance, vm_id = vast.rent(label="mine"), dock.rent(name="mine")
    vast.fault("destroy.ignored", match={"label": "nobody"})
    port = vast.truth(instance)["ssh"]["port"]
    dock_port = dock.truth(vm_id)["ssh"]["port"]
    wait_for_ssh(port)
    wait_for_ssh(dock_port)
    offers = {row["id"]: row["dph_total"] for row in vast.sweep()}
    paid = vast.truth(instance)["cost"]
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not ssh_answers(port)

    _, urls = start(*args)
    vast, dock = Vast(urls["vastai"]), Dock(urls["tensordock"])
    wait_for_ssh(port)
    wait_for_ssh(dock_port)
    assert vast.get(instance)["label"] == "mine"
    assert vast.get(instance)["actual_status"] == "running"
    assert vast.truth(instance)["cost"] > paid
    assert dock.get(vm_id)["name"] == "mine"
    assert {row["id"]: row["dph_total"] for row in vast.sweep()} == offers
    assert [fault["name"] for fault in vast.json("GET", "/_sim/faults")["active"]] == ["destroy.ignored"]
    assert vast.destroy(instance).json() == {"success": True}


def test_sigterm_ends_it_cleanly(start: Start) -> None:
    process, urls = start("vastai")
    assert Vast(urls["vastai"]).search()
    process.terminate()
    assert process.wait(timeout=10) == 0


def test_it_dies_with_its_parent(tmp_path: Path) -> None:
    launcher = (
        "import subprocess, sys, os\n"
        "child = subprocess.Popen([sys.executable, '-m', 'simulators', 'vastai', '--die-with-parent'],"
        " stdout=subprocess.PIPE, text=True)\n"
        "child.stdout.readline()\n"
        "print(child.pid, flush=True)\n"
        "os._exit(0)\n"
    )
    run = subprocess.run([sys.executable, "-c", launcher], cwd=ROOT, capture_output=True, text=True, timeout=30)
    pid = int(run.stdout)
    deadline = time.monotonic() + 10
    while _lives(pid):
        assert time.monotonic() < deadline, "the orphan still runs"


def test_an_unknown_option_stops_the_start() -> None:
    command = [sys.executable, "-m", "simulators", "vastai", "--set", "colour=red"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert run.returncode == 2
    assert "vastai has no option colour" in run.stderr


def test_a_planned_event_happens_after_a_restart(tmp_path: Path, clock: ManualClock) -> None:
    state = tmp_path / "state.json"
    with start_vastai(clock=clock, state=state) as first:
        vast = Vast(first.url)
        vast.fault("create.late", count=1, params={"seconds": 100})
        vast.create(vast.search()[0]["id"], label="late")
        spent = vast.rent(label="early")
    later = ManualClock(clock.now() + 200)
    with start_vastai(clock=later, state=state) as second:
        vast = Vast(second.url)
        assert {row["label"] for row in vast.list()["instances"]} == {"early", "late"}
        assert vast.truth(spent)["seconds"]["disk"] == pytest.approx(200)


def test_a_state_file_is_never_half_written(tmp_path: Path, clock: ManualClock) -> None:
    state = tmp_path / "state.json"
    with start_vastai(clock=clock, state=state) as simulator:
        vast = Vast(simulator.url)
        for _ in range(5):
            vast.rent()
            assert state.read_bytes().endswith(b"}")
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]
    assert state.stat().st_mode & 0o777 == 0o600


def _lives(pid: int) -> bool:
    try:
        return b"simulators" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
