"""The script as it is handed out: small, clean, readable by every shell, and the same wherever it comes from."""

import base64
import gzip
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from chalicelib import node
from tests.node.machine import ALL_SHELLS, a_lease, shell_path

SCRIPT = Path(node.__file__).with_name("agent.sh")


def test_it_is_small() -> None:
    assert len(node.script().encode()) <= 12_000
    assert node.script().isascii()


def test_what_is_packed_unpacks_to_it_and_is_always_the_same() -> None:
    assert gzip.decompress(base64.b64decode(node.packed())).decode() == node.script() == SCRIPT.read_text()
    node.packed.cache_clear()
    assert node.packed() == node.packed()


@pytest.mark.parametrize("shell", ALL_SHELLS)
def test_every_shell_can_read_it(shell: str) -> None:
    applet = ["ash"] if shell == "ash" else []
    subprocess.run([shell_path(shell), *applet, "-n", SCRIPT], check=True, timeout=20)


def test_shellcheck_has_nothing_to_say() -> None:
    shellcheck = shutil.which("shellcheck", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if shellcheck is None:
        pytest.skip("this machine has no shellcheck")
    subprocess.run([shellcheck, "--shell=sh", SCRIPT], check=True, timeout=60)


def test_its_variables_are_plain_words() -> None:
    told = node.environment(a_lease(url="https://shopper.example.com:8443/api"), "vastai", "https://console.vast.ai")
    assert all(name.startswith(node.PREFIX) for name in told)
    assert not any(set(value) & set(" '\"\\$`\n;&|<>") for value in told.values())
    assert int(told["SHOPPER_COUNTDOWN"]) == 3600


def test_a_machine_that_cannot_reach_us_is_told_no_secret() -> None:
    assert {name.removeprefix(node.PREFIX) for name in node.environment(a_lease(url=None), "tensordock")} == {
        "SESSION", "DEADLINE", "COUNTDOWN", "LIMIT", "MARKET",
    }  # fmt: skip


def test_a_lease_does_not_show_its_secrets() -> None:
    shown = repr(a_lease(token="canary-1", secret="canary-2"))
    assert "canary" not in shown
