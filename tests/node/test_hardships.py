"""Machines in trouble: no room, no processes, tools that hang or are old; and nothing that others may read."""

import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.node.conftest import Build
from tests.node.machine import SHELLS, Machine, a_lease, binary, until
from tests.node.service import Service

TENANT = 61_234


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as running:
        yield running


def reporting(machine: Machine, service: Service, **changes: object) -> Machine:
    machine.clock_is_off_by(service.clock_offset)
    machine.start(service.lease(**changes))
    return machine


def no_room() -> None:
    """Nothing can be written into any file from now on; empty ones can be made."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


@pytest.mark.parametrize("shell", SHELLS)
def test_a_full_disk_cuts_nobody_off(machine: Build, service: Service, shell: str) -> None:
    full = machine(shell)
    full.clock_is_off_by(service.clock_offset)
    full.before = no_room
    full.start(service.lease(silence_seconds=4.0))
    until(lambda: len(service.beats) >= 7, full, 40)
    assert service.beats[-1]["timer"] == "armed"
    assert "dying" not in service.beats[-1]
    assert not full.off


def test_a_disk_that_is_full_at_a_restart_does_not_disarm(machine: Build) -> None:
    full = machine()
    full.start(a_lease())
    until(lambda: (full.home / "state").exists(), full)
    full.stop()
    full.before = no_room
    full.start(a_lease())
    with pytest.raises(pytest.fail.Exception):
        until(lambda: full._started[-1].poll() is not None, full, 4)


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that a user without rights can use: root is never refused a process."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def as_a_tenant() -> None:
    """A user who has no other process, and may have a dozen."""
    os.setgroups([])
    os.setgid(TENANT)
    os.setuid(TENANT)
    resource.setrlimit(resource.RLIMIT_NPROC, (12, 12))


@pytest.mark.skipif(os.geteuid() != 0, reason="it takes root to become a user who has no other process")
@pytest.mark.parametrize("shell", SHELLS)
def test_where_no_process_can_be_started_any_more_the_timer_begins_anew(shared: Path, shell: str) -> None:
    root = shared / "machine"
    crowded = Machine(root, shell, ())
    for path in (root, *root.rglob("*")):
        os.chown(path, TENANT, TENANT, follow_symlinks=False)
    crowded.before = as_a_tenant
    crowd: list[subprocess.Popen[bytes]] = []
    try:
        crowded.start(a_lease())
        until(lambda: (crowded.home / "state").exists(), crowded)
        [guard] = crowded._started
        crowd += [subprocess.Popen([binary("sleep"), "60"], preexec_fn=as_a_tenant) for _ in range(12)]
        with pytest.raises(pytest.fail.Exception):
            until(lambda: guard.poll() is not None, crowded, 4)
        assert len(os.listdir(f"/proc/{guard.pid}/fd")) < 20  # each try that could start nothing left a pipe open
        dismiss(crowd)
        left = crowded.left()
        until(lambda: crowded.left() < left, crowded, 120)  # bash waits ever longer between its tries
        assert guard.poll() is None
    finally:
        dismiss(crowd)
        crowded.stop()


def dismiss(crowd: list[subprocess.Popen[bytes]]) -> None:
    for each in crowd:
        each.kill()
        each.wait()
    crowd.clear()


def test_a_timer_without_a_service_is_watched_over_too(machine: Build) -> None:
    alone = machine(tools=())
    alone.start(a_lease(url=None), SHOPPER_BEAT="1")
    until(lambda: (alone.home / "state").exists() and any(asleep(one) for one in reporters(alone)), alone)
    os.kill(int((alone.home / "guard").read_text().split()[0]), signal.SIGKILL)
    until(lambda: alone.log.count("armed") == 2, alone)


def test_reports_go_on_when_their_process_is_killed(machine: Build, service: Service) -> None:
    hurt = reporting(machine(), service)
    until(lambda: service.beats, hurt)
    for child in reporters(hurt):
        os.kill(child, signal.SIGKILL)
    heard = len(service.beats)
    until(lambda: len(service.beats) >= heard + 2, hurt)
    assert hurt.log.count("armed") == 1


def reporters(machine: Machine) -> list[int]:
    """The second process of the agent: the timer's child that runs the script too."""
    guard = (machine.home / "guard").read_text().split()[0]
    children = Path(f"/proc/{guard}/task/{guard}/children").read_text().split()
    found = []
    for child in children:
        with suppress(OSError):  # it may be over
            if b"agent.sh" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(int(child))
    return found


def asleep(process: int) -> bool:
    """Does it stand in its pause? A child that is forked for a moment, to run a tool, does not."""
    with suppress(OSError):
        for child in Path(f"/proc/{process}/task/{process}/children").read_text().split():
            if Path(f"/proc/{child}/comm").read_text().strip() == "sleep":
                return True
    return False


def test_a_process_that_nobody_can_read_about_holds_no_report_up(machine: Build, service: Service) -> None:
    """Reading of one that hangs in a broken driver hangs too, for ever: here it is a pipe that nobody writes to."""
    stuck = machine()
    (stuck.proc / "20").mkdir()
    os.mkfifo(stuck.proc / "20" / "cmdline")
    reporting(stuck, service)
    until(lambda: len(service.beats) >= 2, stuck)
    assert (service.beats[-1]["gpus"], service.beats[-1]["timer"]) == ("timeout", "armed")


@pytest.mark.parametrize("tool", ["curl", "wget", "python3"])
def test_no_command_line_shows_a_token(machine: Build, service: Service, tool: str) -> None:
    built = machine(tools=(tool, "sha256sum"))
    kept = built.home.parent / "shown"
    for name in (tool, "timeout", "sleep", "grep", "sed"):
        program = sys.executable if name == "python3" else binary(name)
        built.command(name, f'echo {name} "$@" >> {kept}\nexec {program} "$@"')
    reporting(built, service)
    until(lambda: "heartbeats arrive: yes" in built.log, built)
    lease = service.lease()
    shown = kept.read_text() + built.log
    assert tool in shown
    assert lease.token not in shown
    assert lease.secret not in shown


def test_an_old_timeout_that_takes_its_time_by_an_option_will_do(machine: Build, service: Service) -> None:
    old = machine()
    old.command("timeout", '[ "$1" = -t ] || exit 127\nshift 2\nexec "$@"')
    reporting(old, service)
    until(lambda: "heartbeats arrive: yes" in old.log, old)
