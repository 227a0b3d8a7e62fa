"""On a real pseudo-terminal: the question, the live line, the colours, the width."""

import os
import pty
import subprocess
import sys
import termios
from pathlib import Path

from tests.cli.stub import KEY, Stub
from tests.cli.things import SESSION_ID, offer, session
from tests.terminals import read_out

ROOT = Path(__file__).parents[2]
CODE = "import sys; from cli.main import main; sys.exit(main(sys.argv[1:], pause=lambda seconds: None))"


def _on_a_terminal(stub: Stub, *argv: str, typed: str = "", columns: int = 72) -> tuple[int, str]:
    """(exit code, everything the terminal got)."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, columns))
    environ = {**os.environ, "GPU_SHOPPER_URL": stub.url, "GPU_SHOPPER_KEY": KEY, "TERM": "xterm"}
    environ.pop("COLUMNS", None)
    process = subprocess.Popen(
        [sys.executable, "-c", CODE, *argv], cwd=ROOT, env=environ, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    os.write(ours, typed.encode())
    seen = read_out(ours)
    return process.wait(timeout=30), seen.decode()


def test_up_asks_watches_and_ends_with_the_ssh_command(stub: Stub, home: Path) -> None:
    stub.says("GET", "/inventory/vastai:101", offer())
    terms = {"default_hours": 1.0, "hard_max_hours": 12.0, "hold_margin_hours": 0.25, "price_tolerance": 0.1}
    stub.says("GET", "/me", {"key_id": "k", "consumer": {"id": "alice"}, "terms": terms})
    stub.says("POST", "/sessions", session(), status=202)
    states = [session("provisioning", status_reason="pulling " + "image " * 40), session("running")]
    stub.says("GET", f"/sessions/{SESSION_ID}", *states)
    code, seen = _on_a_terminal(stub, "up", "--offer", "vastai:101", typed="y\n")
    assert code == 0, seen
    assert "[y/N]" in seen
    frames = [frame for frame in seen.split("\r\x1b[2K") if "provisioning" in frame]
    assert frames
    assert all(len(frame) < 72 for frame in frames)
    assert "\x1b[32mrunning\x1b[0m" in seen
    assert seen.splitlines()[-1] == "ssh -p 41234 root@203.0.113.7"


def test_a_table_takes_the_width_of_the_terminal(stub: Stub, home: Path) -> None:
    stub.lists("/inventory", "offers", [offer(region="A very long name of a far away region " * 3)], providers={})
    _, seen = _on_a_terminal(stub, "inventory", columns=72)
    assert all(len(line.replace("\x1b[2m", "").replace("\x1b[0m", "")) <= 72 for line in seen.splitlines())
    assert "…" in seen


def test_nothing_that_comes_from_outside_steers_the_terminal(stub: Stub, home: Path) -> None:
    evil = "a\x1b]0;owned\x07b\x1b[2Jc\x9bK\u202ed\r\ne"
    stub.says("GET", f"/sessions/{SESSION_ID}", session("running", status_reason=evil, gpu=evil, end_reason=evil))
    stub.lists(f"/sessions/{SESSION_ID}/events", "events", [])
    stub.says("POST", f"/sessions/{SESSION_ID}/done", session("terminating") | {"status": evil}, status=202)
    for argv in (("show", SESSION_ID), ("done", SESSION_ID)):
        _, seen = _on_a_terminal(stub, *argv, columns=200)
        assert "owned" in seen, (argv, seen)
        for bad in ("\x1b]", "\x07", "\x1b[2Jc", "\x9b", "\u202e"):
            assert bad not in seen, (argv, seen)
