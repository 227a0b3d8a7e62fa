"""ssh at work, for `ssh` and `up --rm`: what is said where it could not get in, and how the two end together."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Timer

import pytest

from cli import visiting
from tests.cli.conftest import Run
from tests.cli.stub import KEY, Stub
from tests.cli.things import SESSION_ID, address, ended, session

PATH = f"/sessions/{SESSION_ID}"
ROOT = Path(__file__).parents[2]
FakeSsh = Callable[..., Path]
REMOTE = (
    "gpu-shopper: exit code 255: ssh could not get in at {}, or was cut off, unless what ran there ended so itself; "
)


@pytest.fixture(autouse=True)
def _signals_as_at_a_terminal() -> Iterator[None]:
    """Whoever runs the tests in the background has them ignored, and what they start does so too."""
    before = [
        (signal.SIGINT, signal.signal(signal.SIGINT, signal.default_int_handler)),
        (signal.SIGTERM, signal.signal(signal.SIGTERM, signal.SIG_DFL)),
        (signal.SIGHUP, signal.signal(signal.SIGHUP, signal.SIG_DFL)),
    ]
    yield
    for number, handler in before:
        signal.signal(number, handler)


@pytest.fixture
def running(stub: Stub) -> Stub:
    stub.says("GET", PATH, session("running"))
    return stub


def test_where_ssh_could_not_get_in_it_is_said_and_what_to_try(running: Stub, run: Run, fake_ssh: FakeSsh) -> None:
    fake_ssh("exit 255")
    ran = run("ssh", SESSION_ID, "--", "nvidia-smi")
    assert (ran.code, ran.out) == (255, "")
    assert ran.err == REMOTE.format("203.0.113.7:41234") + (
        "why: gpu-shopper ssh ab12cd34 -- -v · with another key: gpu-shopper ssh ab12cd34 -i FILE\n"
    )


def test_an_exit_code_of_what_ran_there_is_ours_without_a_word(running: Stub, run: Run, fake_ssh: FakeSsh) -> None:
    for body, code in (("exit 0", 0), ("exit 7", 7), ("exit 254", 254), ("kill -KILL $$", 128 + 9)):
        fake_ssh(body)
        ran = run("ssh", SESSION_ID)
        assert (ran.code, ran.err) == (code, "")


@pytest.mark.parametrize(
    ("host", "where"), [("127.0.0.1", "127.0.0.1:2222"), ("::1", "[::1]:2222"), ("localhost", "localhost:2222")]
)
def test_a_simulated_machine_has_no_shell(stub: Stub, run: Run, fake_ssh: FakeSsh, host: str, where: str) -> None:
    fake_ssh("exit 255")
    stub.says("GET", PATH, session("running", ssh=address(host=host, port=2222)))
    ran = run("ssh", SESSION_ID)
    assert ran.code == 255
    assert ran.err == (
        f"gpu-shopper: exit code 255: ssh could not get in at {where}: that is a simulated machine, "
        "and those have no shell\n"
    )


def test_up_rm_says_it_too_and_ends_the_session_all_the_same(stub: Stub, run: Run, fake_ssh: FakeSsh) -> None:
    fake_ssh("exit 255")
    stub.says("POST", "/sessions", session(), status=202)
    stub.says("GET", PATH, session("running"), ended(reason="done"))
    stub.says("POST", f"{PATH}/done", session("terminating"), status=202)
    ran = run("up", "--offer", "vastai:101", "--yes", "--rm", "--", "nvidia-smi")
    assert ran.code == 255
    assert REMOTE.format("203.0.113.7:41234") + "why: rent without --rm, then gpu-shopper ssh ID -- -v" in ran.err
    assert "proven gone" in ran.err.splitlines()[-3]


def test_ctrl_c_ends_ssh_and_then_us(running: Stub, run: Run, fake_ssh: FakeSsh) -> None:
    told = fake_ssh(_sends(signal.SIGINT))
    ran = run("ssh", SESSION_ID)
    assert (ran.code, ran.err) == (130, "gpu-shopper: stopped\n")
    assert _heard(told)


def test_sigterm_ends_ssh_and_then_us(
    running: Stub, run: Run, fake_ssh: FakeSsh, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = fake_ssh(_sends(signal.SIGTERM))
    sent: list[int] = []
    monkeypatch.setattr(signal, "raise_signal", sent.append)  # it would end the tests too
    before = signal.getsignal(signal.SIGTERM)
    assert "could not get in" not in run("ssh", SESSION_ID).err
    assert sent == [signal.SIGTERM]
    assert _heard(told)
    assert signal.getsignal(signal.SIGTERM) is before


def test_an_ssh_that_will_not_end_is_killed(
    running: Stub, run: Run, fake_ssh: FakeSsh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visiting, "GRACE_SECONDS", 0.01)
    fake_ssh(f"trap '' INT\nkill -INT {os.getpid()}\nexec sleep 600")
    assert run("ssh", SESSION_ID).code == 130


def test_a_signal_that_is_ignored_here_stays_ignored_there(running: Stub, run: Run, fake_ssh: FakeSsh) -> None:
    fake_ssh("kill -HUP $$; exit 4")
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert run("ssh", SESSION_ID).code == 4
    finally:
        signal.signal(signal.SIGHUP, before)


def test_an_ssh_that_puts_itself_to_sleep_gives_the_terminal_back(stub: Stub, home: Path, fake_ssh: FakeSsh) -> None:
    fake_ssh("kill -STOP $$; exit 3")
    stub.says("GET", PATH, session("running"))
    environ = {**os.environ, "GPU_SHOPPER_URL": stub.url, "GPU_SHOPPER_KEY": KEY}
    command = [sys.executable, "-m", "cli.main", "ssh", SESSION_ID]
    process = subprocess.Popen(command, cwd=ROOT, env=environ, start_new_session=True)
    watchdog = Timer(30, os.killpg, (process.pid, signal.SIGKILL))
    watchdog.start()
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    stopped = os.WIFSTOPPED(status)
    if stopped:
        os.killpg(process.pid, signal.SIGCONT)
        assert process.wait() == 3
    watchdog.cancel()
    assert stopped


def _sends(number: int) -> str:
    """An ssh that sends us a signal, and tells when it hears of its own end."""
    return f'trap "echo >> $0-end; exit 255" INT TERM\nkill -{number} {os.getpid()}\nsleep 5 &\nwait'


def _heard(told: Path) -> bool:
    return (told.parent / "bin" / "ssh-end").exists()
