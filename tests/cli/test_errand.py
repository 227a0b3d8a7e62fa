"""`up --rm`: the command runs there, and the session is ended whatever becomes of it."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.stub import DROPPED, Stub, problem
from tests.cli.things import SESSION_ID, ended, session

UP = ("up", "--offer", "vastai:101", "--yes", "--rm", "--")
PATH = f"/sessions/{SESSION_ID}"
FakeSsh = Callable[..., Path]


@pytest.fixture
def boots(stub: Stub) -> Stub:
    stub.says("POST", "/sessions", session(), status=202)
    stub.says("GET", PATH, session("running"), session("terminating"), ended(reason="done"))
    stub.says("POST", f"{PATH}/done", session("terminating"), status=202)
    stub.says("DELETE", PATH, session("terminating"), status=202)
    return stub


def test_the_command_runs_there_and_the_session_is_proven_gone(boots: Stub, run: Run, fake_ssh: FakeSsh) -> None:
    told = fake_ssh()
    ran = run(*UP, "python", "-c", "print('a b')")
    assert ran.code == 0, ran.err
    assert told.read_text().splitlines()[-2:] == ["root@203.0.113.7", "python -c 'print('\"'\"'a b'\"'\"')'"]
    assert boots.of("POST")[-1].path == f"{PATH}/done"
    assert "proven gone from vastai" in ran.err


def test_one_word_is_a_line_for_the_remote_shell(boots: Stub, run: Run, fake_ssh: FakeSsh) -> None:
    told = fake_ssh()
    run(*UP, "cd /work && make")
    assert told.read_text().splitlines()[-1] == "cd /work && make"


def test_the_commands_exit_code_is_ours(boots: Stub, run: Run, fake_ssh: FakeSsh) -> None:
    fake_ssh("exit 7")
    assert run(*UP, "false").code == 7
    assert boots.of("POST", f"{PATH}/done")


def test_ctrl_c_while_it_boots_ends_it(boots: Stub, run: Run, fake_ssh: FakeSsh) -> None:
    def pressed(seconds: float) -> None:
        raise KeyboardInterrupt

    boots.says("GET", PATH, session("provisioning"))
    ran = run(*UP, "nvidia-smi", pause=pressed)
    assert ran.code == 130
    assert "it is being ended" in ran.err
    assert len(boots.of("DELETE", PATH)) == 1


def test_sigterm_ends_it_and_the_old_handler_comes_back(boots: Stub, run: Run, fake_ssh: FakeSsh) -> None:
    fake_ssh(f"kill -TERM {os.getpid()}; sleep 5")
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as caught:
        run(*UP, "nvidia-smi")
    assert caught.value.code == 128 + signal.SIGTERM
    assert len(boots.of("DELETE", PATH)) == 1
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_session_that_never_ran_runs_no_command(stub: Stub, run: Run, fake_ssh: FakeSsh) -> None:
    told = fake_ssh()
    stub.says("POST", "/sessions", session(), status=202)
    stub.says("GET", PATH, ended("failed", "launch_refused"))
    stub.says("DELETE", PATH, ended("failed", "launch_refused"))
    assert run(*UP, "nvidia-smi").code == 1
    assert not told.exists()


def test_an_end_that_is_not_heard_is_asked_for_again(boots: Stub, run: Run, fake_ssh: FakeSsh) -> None:
    fake_ssh()
    boots.says("POST", f"{PATH}/done", DROPPED, DROPPED, problem(500, "internal_error"), session("terminating"))
    assert run(*UP, "true").code == 0


def test_an_end_that_cannot_be_asked_for_says_how_to_do_it_by_hand(boots: Stub, run: Run, fake_ssh: FakeSsh) -> None:
    fake_ssh()
    boots.says("POST", f"{PATH}/done", DROPPED)
    ran = run(*UP, "true")
    assert ran.code == 3
    assert f"could not end {SESSION_ID}" in ran.err
    assert "gpu-shopper rm ab12cd34" in ran.err
