"""The start script of a Vast.ai container, run for real by a shell in a folder of its own."""

import os
import subprocess
from pathlib import Path

import pytest

from chalicelib.providers.vastai_onstart import ENVIRONMENT, onstart, script, ssh_key
from tests.providers.vastai_stand import KEY


def start(
    text: str, home: Path, variables: dict[str, str] | None = None, *, wait: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run it as the container would, with its fixed places moved into `home`; `wait` for the consumer's script too."""
    moved = text.replace("/root", str(home)).replace("/etc/environment", str(home / "environment"))
    moved = moved.replace("/dev/null &", "/dev/null") if wait else moved
    env = {"PATH": os.environ["PATH"], **(variables or {})}
    return subprocess.run(["sh"], input=moved, env=env, text=True, capture_output=True, timeout=20)


def test_the_key_is_let_in_once_however_often_the_machine_starts(tmp_path: Path) -> None:
    keys = tmp_path / ".ssh" / "authorized_keys"
    keys.parent.mkdir()
    keys.write_text("ssh-rsa theirs")  # without an end of line
    for _ in range(2):
        assert start(onstart([ssh_key(KEY)]), tmp_path).returncode == 0
    assert [line for line in keys.read_text().splitlines() if line] == ["ssh-rsa theirs", KEY]
    assert keys.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / ".no_auto_tmux").exists()


def test_a_key_with_anything_in_it_is_only_text(tmp_path: Path) -> None:
    nasty = "ssh-rsa AAAA'; touch PWNED; echo '$(touch PWNED)`touch PWNED`\\"
    start(onstart([ssh_key(nasty)]), tmp_path)
    assert nasty in (tmp_path / ".ssh" / "authorized_keys").read_text()
    assert not (tmp_path / "PWNED").exists()


@pytest.mark.parametrize(
    "source",
    [
        '#!/bin/sh\necho "it\'s $GREETING" > out\n',
        'echo "it\'s $GREETING" > out',
        '#!/usr/bin/env bash\n[[ 1 == 1 ]] && echo "it\'s $GREETING" > out',
        'exec > out; echo "it\'s $GREETING"; exit 3 # \' " ) done fi',
    ],
)
def test_the_script_runs_as_a_file_of_its_own(tmp_path: Path, source: str) -> None:
    part, variables = script(source)
    assert start(onstart([part]), tmp_path, variables | {"GREETING": "ready"}).returncode == 0
    assert (tmp_path / "out").read_text() == "it's ready\n"
    assert (tmp_path / ".shopper-onstart").read_text() == source


def test_the_script_does_not_see_itself_in_its_variables(tmp_path: Path) -> None:
    part, variables = script('echo "<$SHOPPER_ONSTART>" > out')
    start(onstart([part]), tmp_path, variables)
    assert (tmp_path / "out").read_text() == "<>\n"


def test_a_script_that_takes_its_time_does_not_hold_up_the_start(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "gate")
    part, variables = script("cat gate")
    assert start(onstart([part]), tmp_path, variables, wait=False).returncode == 0
    (tmp_path / "gate").write_text("go on")


def test_what_the_script_says_is_kept(tmp_path: Path) -> None:
    part, variables = script("echo said; echo complained >&2")
    start(onstart([part]), tmp_path, variables)
    assert (tmp_path / "onstart.log").read_text() == "said\ncomplained\n"


@pytest.mark.parametrize("broken", ["false", "exit 7", "set -e; nonsense", "cd /nowhere && true", "unset PATH"])
def test_a_part_that_fails_stops_no_other(tmp_path: Path, broken: str) -> None:
    found = start(onstart([broken, ssh_key(KEY), broken]), tmp_path)
    assert found.returncode == 0
    assert KEY in (tmp_path / ".ssh" / "authorized_keys").read_text()


def test_a_script_that_cannot_be_unpacked_stops_nothing(tmp_path: Path) -> None:
    part, _ = script("x")
    found = start(onstart([part, ssh_key(KEY)]), tmp_path, {"SHOPPER_ONSTART": "no base64!"})
    assert found.returncode == 0
    assert KEY in (tmp_path / ".ssh" / "authorized_keys").read_text()


def test_logins_see_the_variables_but_not_ours_and_only_once(tmp_path: Path) -> None:
    for _ in range(2):
        start(onstart([ENVIRONMENT]), tmp_path, {"HF_TOKEN": "it's", "SHOPPER_ONSTART": "c2VjcmV0"})
    lines = (tmp_path / "environment").read_text().splitlines()
    assert lines.count("HF_TOKEN=it's") == 1
    assert not any(line.startswith("SHOPPER_") for line in lines)


def test_all_parts_together_leave_room_for_another() -> None:
    part, _ = script("x" * 16_000)
    assert len(onstart([ENVIRONMENT, ssh_key("ssh-rsa " + "A" * 724), part])) < 2500
