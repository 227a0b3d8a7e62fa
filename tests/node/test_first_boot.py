"""The agent as each market starts it: armed before anything else runs, and whatever the consumer's script does."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from chalicelib import node
from chalicelib.providers import tensordock_launch, vastai_create
from chalicelib.providers.vastai_onstart import LONGEST
from tests.node.conftest import Build
from tests.node.machine import Machine, a_lease, until
from tests.providers import tensordock_stand, vastai_stand

MARKET = "https://console.vast.example"
TOUCHED = ("base64", "gzip", "env", "touch", "chmod", "nohup", "chown")


def vast(built: Machine, *, tools: tuple[str, ...] = TOUCHED, **order: Any) -> None:
    """What the container does at a start, in its own folder."""
    body = vastai_create.body(vastai_stand.an_order(agent=a_lease(), **order), "image", MARKET)
    onstart, told = body["onstart"], body["env"]
    assert isinstance(onstart, str)
    assert isinstance(told, dict)
    assert len(onstart) < LONGEST
    root = built.home.parent
    built.has(*tools)
    moved = onstart.replace(node.FOLDER, str(built.home)).replace("/root", str(root))
    moved = moved.replace("/etc/environment", str(root / "environment"))
    subprocess.run(
        [built.bin / "sh"], input=moved.encode(), env=built.environ(told), cwd=root, check=True, timeout=30,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.mark.parametrize("shell", ["dash", "ash"])
def test_at_vast_it_is_armed_first_and_the_script_comes_after(machine: Build, shell: str) -> None:
    built = machine(shell)
    seen = built.home.parent / "seen"
    vast(built, onstart=f"#!/bin/sh\ncat {built.home}/guard > {seen}; exit 3")
    until(seen.exists, built)
    until(lambda: seen.read_text() == (built.home / "guard").read_text(), built)
    assert (built.home / "agent.sh").read_text() == node.script()
    assert (built.home / "agent.sh").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("script", ["exit 1", "kill -9 $$", "exec false", "\0", "while"])
def test_a_script_that_fails_takes_nothing_with_it(machine: Build, script: str) -> None:
    built = machine()
    vast(built, onstart=script)
    until(lambda: (built.home / "state").exists(), built)
    assert _alive(built)


def test_the_script_knows_nothing_of_the_agents_secrets(machine: Build) -> None:
    built = machine()
    lease = a_lease(url="http://127.0.0.1:9")
    order = vastai_stand.an_order(agent=lease, onstart="env > seen")
    body = vastai_create.body(order, "image", MARKET)
    onstart, told = body["onstart"], body["env"]
    assert isinstance(onstart, str)
    assert isinstance(told, dict)
    script = onstart[onstart.index("f=") : onstart.rindex("\n)")]
    built.has(*TOUCHED)
    root = built.home.parent
    text = script.replace("/root", str(root)).replace("/dev/null &", "/dev/null")
    subprocess.run([built.bin / "sh"], input=text.encode(), env=built.environ(told), cwd=root, check=True, timeout=30)
    assert "SHOPPER_" not in (root / "seen").read_text()


def test_a_container_that_starts_again_arms_again(machine: Build) -> None:
    built = machine()
    vast(built)
    first = (built.home / "guard").read_text()
    built.stop()
    vast(built, tools=())
    assert (built.home / "guard").read_text() != first
    until(lambda: _alive(built), built)


def test_an_image_without_gzip_unpacks_by_python(machine: Build) -> None:
    built = machine(tools=("python3",))
    vast(built, tools=("env", "touch", "chmod"))
    until(lambda: _alive(built), built)


def test_a_tag_and_an_error_do_not_tell_the_agents_secrets() -> None:
    lease = a_lease(token="ga_canary", secret="canary-secret", url="https://shopper.example.com")
    market, _ = vastai_stand.answering((400, {"success": False, "msg": "bad env ga_canary canary-secret"}))
    with pytest.raises(Exception, match="bad env") as refused:
        market.create(vastai_stand.an_order(agent=lease))
    assert "canary" not in str(refused.value)


def test_at_tensordock_it_is_a_service_that_every_boot_starts(machine: Build, tmp_path: Path) -> None:
    built = machine()
    built.has("base64", "gzip", "chmod")
    lease = a_lease(url="https://shopper.example.com")
    commands = tensordock_launch.first_boot(tensordock_stand.an_order(agent=lease, onstart="true"))
    mine = commands[: 1 + next(n for n, command in enumerate(commands) if command.startswith("systemctl"))]
    assert all("gpu-shopper" in command for command in mine)
    unit = tmp_path / "unit"
    text = "\n".join(mine).replace(node.FOLDER, str(built.home)).replace(tensordock_launch._UNIT, str(unit))
    subprocess.run([built.bin / "sh"], input=text.encode(), env=built.environ({}), check=True, timeout=30)
    assert built.power.read_text().splitlines() == [
        "systemctl daemon-reload", "systemctl enable --now gpu-shopper-agent",
    ]  # fmt: skip
    command = re.search(r"^ExecStart=/bin/sh (.*)$", unit.read_text(), re.M)
    assert command is not None
    assert command[1].replace(node.FOLDER, str(built.home)) == f"{built.home}/agent.sh run"
    assert (built.home / "agent.env").stat().st_mode & 0o777 == 0o600
    told = dict(line.split("=", 1) for line in (built.home / "agent.env").read_text().splitlines())
    assert told == node.environment(lease, "tensordock")


def test_the_service_reads_what_it_is_told_from_its_file(machine: Build) -> None:
    built = machine()
    built.home.mkdir()
    told = node.environment(a_lease(), "tensordock")
    (built.home / "agent.env").write_text("".join(f"{name}={value}\n" for name, value in told.items()))
    built.start(a_lease(), **dict.fromkeys(told, ""))
    until(lambda: (built.home / "state").exists(), built)
    assert built.left() > 3000


def _alive(built: Machine) -> bool:
    try:
        os.kill(int((built.home / "guard").read_text().split()[0]), 0)
    except (OSError, ValueError):
        return False
    return True
