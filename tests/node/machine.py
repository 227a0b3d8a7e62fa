"""A rented machine from the inside: a folder, a shell, the tools it happens to have, and the agent run for real."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from chalicelib import node
from chalicelib.domain.instant import SECOND
from chalicelib.domain.lease import Lease
from tests.builders import a_session_id

ALL_SHELLS = ("dash", "bash", "ash")
SHELLS = tuple(shell for shell in ALL_SHELLS if shutil.which("busybox" if shell == "ash" else shell))
"""Those that this computer has: many machines are built at once, and one that cannot be must not spoil the others."""
BUSYBOX = ("ash",) if "ash" in SHELLS else ()
SESSION = a_session_id(1)
SECRET = "5e" * 32
_ALWAYS = (
    "cat", "cut", "date", "grep", "head", "kill", "mkdir", "mktemp", "mv", "rm", "sed", "setsid", "sleep",
    "timeout", "tr",
)  # fmt: skip


def binary(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        warnings.warn(f"NOT PROVEN: this machine has no {name} (apt-get install {name})", stacklevel=2)
        pytest.skip(f"this machine has no {name}")
    return found


def shell_path(shell: str) -> str:
    return binary("busybox" if shell == "ash" else shell)


def a_lease(**changes: object) -> Lease:
    """An hour of life from now on, and nobody to talk to."""
    now = round(time.time()) * SECOND
    plain: dict[str, object] = {
        "session": SESSION,
        "granted_at": now,
        "deadline": now + 3600 * SECOND,
        "limit": now + 12 * 3600 * SECOND,
        "token": f"ga_{SESSION}_{'0' * 64}",
        "secret": SECRET,
        "url": None,
        "beat_seconds": 1.0,
        "silence_seconds": 0.0,
    }
    return Lease(**{**plain, **changes})  # type: ignore[arg-type]


def ending_in(seconds: float, **changes: object) -> Lease:
    """A lease with so much left of it."""
    now = round(time.time()) * SECOND
    return a_lease(granted_at=now, deadline=now + round(seconds) * SECOND, **changes)


def hurried(script: str) -> str:
    """The script as it is, but for how long it naps, asks again and waits for nvidia-smi: a second each."""
    [naps] = re.findall(r"^TICK=15 REPEAT=300 PATIENCE=10$", script, re.M)
    return script.replace(naps, "TICK=1 REPEAT=1 PATIENCE=1")


class Machine:
    """`tools`: which of curl, wget, python3, sha256sum, openssl it has. Its power switch only takes notes."""

    def __init__(self, root: Path, shell: str = "dash", tools: Sequence[str] = ("curl", "sha256sum")) -> None:
        self.home = root / "agent"
        self.proc = root / "proc"
        self.bin = root / "bin"
        self.shm = root / "shm"
        self.power = root / "power"
        self.before: Callable[[], None] | None = None
        """Done in the agent's process before it begins."""
        self._offset = root / "offset"
        self._started: list[subprocess.Popen[bytes]] = []
        self.bin.mkdir(parents=True)
        self.shm.mkdir()
        (self.proc / "1").mkdir(parents=True)
        (self.proc / "uptime").symlink_to("/proc/uptime")
        (self.proc / "loadavg").write_text("0.25 0.10 0.05 1/100 1\n")
        (self.proc / "sysrq-trigger").touch()
        self.script = root / "agent.sh"
        self.script.write_text(hurried(node.script()))
        (self.bin / "sh").symlink_to(shell_path(shell))
        for name in (*_ALWAYS, *(tool for tool in tools if tool in ("sha256sum", "wget", "curl", "openssl"))):
            # A machine with busybox's shell has busybox's tools; its wget alone cannot do what is asked of one here.
            small = shell == "ash" and name not in ("curl", "wget", "openssl", "kill")
            (self.bin / name).symlink_to(binary("busybox" if small else name))
        if "python3" in tools:
            self.command("python3", f'exec {sys.executable} -I "$@"')
        if "busybox wget" in tools:
            (self.bin / "wget").symlink_to(binary("busybox"))
        for name in ("poweroff", "shutdown", "systemctl", "halt"):
            self.command(name, f'echo {name} "$@" >> {self.power}')

    def command(self, name: str, text: str) -> None:
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def has(self, *names: str) -> None:
        """Further tools, as this computer has them."""
        for name in names:
            (self.bin / name).symlink_to(binary(name))

    def clock_is_off_by(self, seconds: int) -> None:
        date, cat = binary("date"), binary("cat")
        self._offset.write_text(str(seconds))
        self.command("date", f'exec {date} -d "@$(($({date} +%s) + $({cat} {self._offset})))" "$@"')

    def start(self, lease: Lease, market: str = "vastai", market_url: str = "http://127.0.0.1:9", **more: str) -> None:
        """Boot: the agent starts, as fast as its knobs let it be."""
        told = {**node.environment(lease, market, market_url), **more}
        log = (self.script.parent / "log").open("ab")
        process = subprocess.Popen(
            [self.bin / "sh", self.script, "run"],
            env=self.environ(told), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            preexec_fn=self.before,
        )  # fmt: skip
        log.close()
        self._started.append(process)

    def environ(self, told: Mapping[str, str]) -> dict[str, str]:
        places = {"DIR": self.home, "PROC": self.proc, "SHM": self.shm}
        return {"PATH": str(self.bin), **{f"SHOPPER_AGENT_{name}": str(path) for name, path in places.items()}, **told}

    def stop(self) -> None:
        """Pull the plug on everything that runs in it."""
        for process in self._started:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._started.clear()
        with suppress(OSError, ValueError, IndexError):
            os.killpg(int((self.home / "guard").read_text().split()[0]), signal.SIGKILL)

    @property
    def log(self) -> str:
        return "".join(
            path.read_text() for path in (self.script.parent / "log", self.home / "agent.log") if path.exists()
        )

    @property
    def armed(self) -> bool:
        return (self.home / "guard").exists()

    @property
    def off(self) -> bool:
        """Somebody pressed the switch."""
        return self.power.exists() and "\n" in self.power.read_text()

    def left(self) -> int:
        """What the timer last wrote down as left of the countdown."""
        return int((self.home / "state").read_text().split()[2])


def until(holds: Callable[[], object], machine: Machine | None = None, patience: float = 15.0) -> None:
    """Wait for it, and fail with what the agent said."""
    deadline = time.monotonic() + patience
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail(f"it did not happen; the agent said:\n{machine.log if machine else ''}")
        time.sleep(0.02)
