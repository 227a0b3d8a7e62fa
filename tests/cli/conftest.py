"""A stubbed service, an empty home, and the command line run in this process."""

import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cli.main import main
from tests.cli.stub import KEY, Stub
from tests.cli.things import PUBLIC_KEY


@dataclass
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        """The JSON error: the last line of stderr."""
        return json.loads(self.err.splitlines()[-1])


Run = Callable[..., Ran]


class Terminal(io.StringIO):
    """A stream that says a person sits there."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def stub() -> Iterator[Stub]:
    server = Stub()
    yield server
    server.stop()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home with one SSH key, and no setting of the machine the tests run on."""
    for name in ("GPU_SHOPPER_URL", "GPU_SHOPPER_KEY", "XDG_CONFIG_HOME", "NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TZ", "UTC")
    ssh = tmp_path / ".ssh"
    ssh.mkdir()
    (ssh / "id_ed25519.pub").write_text(f"{PUBLIC_KEY} alice@laptop\n")
    (ssh / "id_ed25519").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    return tmp_path


@pytest.fixture
def run(stub: Stub, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Piped: neither stream is a terminal."""
    monkeypatch.setenv("GPU_SHOPPER_URL", stub.url)
    monkeypatch.setenv("GPU_SHOPPER_KEY", KEY)
    monkeypatch.setattr(sys, "stdin", io.StringIO())

    def _run(*argv: str, pause: Callable[[float], None] = _no_pause, **options: Any) -> Ran:
        code = main(argv, pause=pause, **options)
        found = capsys.readouterr()
        return Ran(code, found.out, found.err)

    return _run


@pytest.fixture
def typed(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """On a terminal, with a person who types `answer`."""

    def _typed(*argv: str, answer: str = "", **options: Any) -> Ran:
        out, err, keyboard = Terminal(), Terminal(), Terminal(answer)
        for name, stream in (("stdout", out), ("stderr", err), ("stdin", keyboard)):
            monkeypatch.setattr(sys, name, stream)
        ran = run(*argv, **options)
        return Ran(ran.code, out.getvalue(), err.getvalue())

    return _typed


@pytest.fixture
def fake_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Put an `ssh` in front of PATH which writes its arguments, one a line, to the file returned, then does `body`."""

    def _fake(body: str = "exit 0") -> Path:
        told = tmp_path / "ssh-argv"
        script = tmp_path / "bin" / "ssh"
        script.parent.mkdir(exist_ok=True)
        script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {told}\n{body}\n')
        script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")
        return told

    return _fake


def _no_pause(seconds: float) -> None:
    """Time does not pass in these tests."""
