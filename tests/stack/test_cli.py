"""The command line against the whole local stack: a person at a terminal, then a program, from offer to proof."""

import json
import os
import pty
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.drill.stack import KEY
from tests.stack.stack import Stack, wait_until

pytestmark = pytest.mark.stack
ROOT = Path(__file__).parents[2]
COLUMNS = 80
ANSWER = b"y\n"


class Person:
    """Their home, and the command line with the stack's operator key."""

    def __init__(self, home: Path, stack: Stack) -> None:
        home.mkdir()
        known = ("PATH", "LANG", "LC_ALL")
        self.environ = {name: os.environ[name] for name in known if name in os.environ} | {
            "HOME": str(home),
            "GPU_SHOPPER_URL": stack.url,
            "GPU_SHOPPER_KEY": KEY,
        }

    def json(self, *words: str) -> Any:
        done = subprocess.run(
            [sys.executable, "-m", "cli.main", *words, "--json"],
            cwd=ROOT, env=self.environ, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, (words, done.stderr)
        return json.loads(done.stdout)

    def at_a_terminal(self, *words: str) -> tuple[int, str]:
        """(exit code, all that was shown). The first question is answered with yes."""
        ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (24, COLUMNS))
        process = subprocess.Popen(
            [sys.executable, "-m", "cli.main", *words],
            cwd=ROOT, env={**self.environ, "TERM": "xterm"}, stdin=theirs, stdout=theirs, stderr=theirs,
        )  # fmt: skip
        os.close(theirs)
        seen, answered = b"", False
        while True:
            try:
                got = os.read(ours, 4096)
            except OSError:  # the other end is closed
                got = b""
            if not got:
                break
            seen += got
            if not answered and b"[y/N]" in seen:
                answered = True
                os.write(ours, ANSWER)
        os.close(ours)
        return process.wait(30), seen.decode()


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    folder = tmp_path_factory.mktemp("cli")
    stack = Stack(folder / "data", SHOPPER_TICK_SECONDS="0.5")
    try:
        stack.start()
        wait_until(lambda: stack.get("/inventory")["count"] > 0, 60, "there are offers")
        yield Person(folder / "home", stack)
    finally:
        stack.stop()


def test_from_the_offer_to_the_proof(person: Person) -> None:
    offers = person.json("inventory", "--no-spot", "--limit", "5")["offers"]
    assert len(offers) == 5

    code, seen = person.at_a_terminal("up", "--gpu", offers[0]["gpu"], "--max-price", "3", "--lease-minutes", "10")
    assert code == 0, seen
    assert "no SSH key found: made one" in seen
    assert "is held for it meanwhile" in seen
    assert seen.splitlines()[-1].startswith("ssh -i ")
    frames = [frame for frame in seen.split("\r\x1b[2K") if "provisioning" in frame]
    assert frames
    assert all(len(frame) < COLUMNS for frame in frames)

    [running] = person.json("ls", "--status", "running")["sessions"]
    short = running["id"][-8:]
    told = person.json("show", short)
    assert [event["to"] for event in told["events"]] == ["pending", "provisioning", "running"]
    assert person.json("ssh", short)["argv"][0] == "ssh"
    assert person.json("renew", short)["lease_expires_at"] > running["lease_expires_at"]
    assert person.json("extend", short, "0.5")["hours"] == 1.5
    assert person.json("costs", "--session", running["id"])["burn_per_hour"] > 0

    gone = person.json("rm", short, "--wait")
    assert (gone["status"], gone["end_reason"]) == ("terminated", "deleted")
    assert len(gone["absence_proof"]["looks"]) == 2
    assert person.json("ls")["sessions"] == []


def test_a_program_sees_everything_as_json(person: Person) -> None:
    assert person.json("health")["status"] in ("ok", "degraded")
    assert person.json("consumers", "create", "ada", "--max-sessions", "2")["id"] == "ada"
    key = person.json("keys", "create", "ada")
    assert [one["key_id"] for one in person.json("keys", "ls", "ada")["keys"]] == [key["key_id"]]
    assert person.json("budget", "ada", "--limit", "5", "--on-exceeded", "block")["limit"] == 5
    assert person.json("budget", "ada")["spent"] == 0
    assert "alerts" in person.json("alerts")
    assert person.json("sweep", "reconcile")
    assert person.json("keys", "rm", "ada", key["key_id"])["revoked_at"]
    assert "ada" in [one["id"] for one in person.json("consumers", "ls")["consumers"]]
    session = person.json("up", "--gpu", "RTX 4090", "--yes", "--no-wait")
    assert person.json("done", session["id"], "--wait")["status"] == "terminated"
