"""`ssh`: the command that is run, and when none is."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.stub import KEY, Stub
from tests.cli.things import SESSION_ID, address, ended, session

PATH = f"/sessions/{SESSION_ID}"
ROOT = Path(__file__).parents[2]


def test_it_becomes_ssh_with_a_host_key_file_of_its_own(
    stub: Stub, home: Path, fake_ssh: Callable[[str], Path]
) -> None:
    told = fake_ssh("echo shell; exit 5")
    stub.says("GET", PATH, session("running"))
    command = [sys.executable, "-m", "cli.main", "ssh", SESSION_ID, "--", "-L", "8888:localhost:8888"]
    environ = {**os.environ, "GPU_SHOPPER_URL": stub.url, "GPU_SHOPPER_KEY": KEY}
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (5, "shell\n")
    argv = told.read_text().splitlines()
    assert argv[:2] == ["-p", "41234"]
    assert "StrictHostKeyChecking=accept-new" in argv
    assert f'UserKnownHostsFile="{home}/.config/gpu-shopper/known_hosts"' in argv
    assert f"HostKeyAlias=shopper-{SESSION_ID}" in argv
    assert argv[-5:] == ["-i", f"{home}/.ssh/id_ed25519", "root@203.0.113.7", "-L", "8888:localhost:8888"]
    assert (home / ".config" / "gpu-shopper").stat().st_mode & 0o077 == 0


def test_json_tells_the_command_and_does_not_run_it(stub: Stub, run: Run) -> None:
    stub.says("GET", PATH, session("running"))
    answer = run("ssh", SESSION_ID, "--json").json
    assert (answer["host"], answer["port"], answer["user"]) == ("203.0.113.7", 41234, "root")
    assert answer["argv"][0] == "ssh"


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (session("provisioning"), "ab12cd34 is provisioning: no SSH yet; follow it: gpu-shopper show ab12cd34"),
        (ended(reason="expired"), "ab12cd34 is terminated (expired); rent another: gpu-shopper up"),
    ],
)
def test_a_session_that_is_not_up_says_what_to_do(stub: Stub, run: Run, found: dict[str, object], words: str) -> None:
    stub.says("GET", PATH, found)
    ran = run("ssh", SESSION_ID)
    assert (ran.code, ran.err) == (1, f"gpu-shopper: {words}\n")


@pytest.mark.parametrize(
    "wrong",
    [
        address(host="-oProxyCommand=evil"),
        address(host="a b"),
        address(host=""),
        address(user="-l"),
        address(user="root@elsewhere"),
        address(port=0),
        {**address(), "port": "22 -oX"},
    ],
)
def test_an_address_that_would_be_an_option_is_refused(stub: Stub, run: Run, wrong: dict[str, object]) -> None:
    stub.says("GET", PATH, session("running", ssh=wrong))
    assert run("ssh", SESSION_ID, "--json").error["code"] == "bad_address"
