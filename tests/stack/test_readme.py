"""README's tour is taken, command by command, on a local stack: what is told there is what comes."""

import os
import pty
import re
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from local.drill.stack import KEY
from tests.stack.stack import PUBLIC_KEY, Stack, wait_until
from tests.terminals import read_out

pytestmark = pytest.mark.stack

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
COLUMNS = 104  # the terminal on which the tour was recorded
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
LIVE = re.compile(r"[\u2800-\u28ff] ")  # the line that is overwritten while a session boots


class Step(NamedTuple):
    command: str
    told: list[str]


def _tour() -> list[Step]:
    """The commands of the consoles from the tour up to the drill, and what README shows of their output."""
    part = README[README.index("## A tour") : README.index("## Does it hold?")]
    lines = "\n".join(re.findall(r"^```console\n(.*?)^```", part, re.M | re.S)).replace("\\\n", " ").splitlines()
    steps: list[Step] = []
    for line in lines:
        if line.startswith("$ "):
            steps.append(Step(line[2:], []))
        elif line and steps:
            steps[-1].told.append(line)
    return steps


class Terminal:
    """A shell's commands, one by one, with the environment that the tour has set up by then."""

    def __init__(self, stack: Stack, home: Path) -> None:
        self._env = {
            **{name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")},
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(home),
            "TERM": "xterm",
            "GPU_SHOPPER_KEY": KEY,
            "GPU_SHOPPER_URL": stack.url,
        }

    def run(self, command: str) -> tuple[int, list[str]]:
        """(exit code, every line that was ever on the screen)."""
        ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (40, COLUMNS))
        process = subprocess.Popen(
            ["bash", "-c", command], cwd=ROOT, env=self._env, stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        seen = read_out(ours)
        return process.wait(60), [line for line in re.split(r"[\r\n]+", ESCAPES.sub("", seen.decode())) if line]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("tour") / "data")
    stack.start()
    wait_until(lambda: stack.get("/inventory", limit=1)["total"] > 300, 60, "both markets are listed")
    yield stack
    assert stack.stop() == 0


def test_the_tour_goes_as_readme_tells_it(stack: Stack, tmp_path: Path) -> None:
    terminal = Terminal(stack, tmp_path)
    written = re.search(r"gpu-shopper rm (\w{8})", README)
    assert written is not None
    taken = 0
    for step in _tour():
        command = step.command.replace("http://127.0.0.1:8000", stack.url)
        if command.startswith("export "):
            continue
        if taken:
            command = command.replace(written[1], stack.sessions()[-1]["id"].rpartition("-")[2])
        code, seen = terminal.run(command.replace("ssh-ed25519 AAAA…", PUBLIC_KEY))
        assert code == 0, (command, seen)
        if not step.told and "curl" in command:
            assert not "".join(seen).startswith('{"type":"urn:gpu-shopper:problem:'), (command, seen)
        shapes = [_shape(line, tmp_path) for line in seen]
        for told in step.told:
            assert told == "…" or _shape(told, tmp_path) in shapes, (command, told, seen)
        taken += command.startswith("gpu-shopper up ")
    assert taken == 1


def _shape(line: str, home: Path) -> str:
    """A line without what differs from run to run: ids, times, money, and which offers are the cheapest."""
    if LIVE.match(line):
        return "live: " + " ".join(re.findall(r"[a-z]{4,}", line)[:2])
    if re.match(r"(vastai|tensordock):", line):
        return "a row of the table of offers"
    line = line.replace(str(home), "~")
    line = re.sub(r"local-\w{26}-\w{8}", "SESSION", line)
    line = re.sub(r"(?<=gpu-shopper )(ssh|extend|done) \w{8}", r"\1 ID", line)
    line = re.sub(r"vastai:\w+", "OFFER", line)
    line = re.sub(r"\d{4}-\d\d-\d\d (?=\d\d:\d\d)", "", line)  # said where the time is of another day
    return re.sub(r"[\d.]+", "0", re.sub(r"\s+", " ", line)).strip()
