"""One process of the local cloud: started on its own port, never outliving us, stopped politely, then not."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HOST = "127.0.0.1"
TETHER = Path(__file__).with_name("tether.py")

# A tethered child dies with the *thread* that started it, so all are started by one that lasts as long as we do.
_starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="starter")


class ChildFailed(Exception):
    """One line: which child could not be started, and the last words it left."""


class Child:
    """A process that listens on one port. It may be started again on that same port after it died."""

    def __init__(
        self, name: str, argv: Sequence[str], port: int, env: Mapping[str, str], log: Path | None, listens: bool = False
    ) -> None:
        """`log` takes what the process prints (kept from its latest start only); None lets it print where we do.

        One that `listens` has a standard input, for `say`.
        """
        self.name = name
        self.port = port
        self._listens = listens
        self._argv = list(argv)
        self._env = dict(env)
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start it and return at once."""
        self._process = _starter.submit(self._spawn).result()

    def say(self, line: bytes) -> None:
        """Put one line on its standard input."""
        pipe = self._process.stdin if self._process else None
        if pipe:
            with contextlib.suppress(BrokenPipeError):  # it died already; its exit code tells
                pipe.write(line + b"\n")
                pipe.flush()

    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll() if self._process else None

    def answers(self) -> bool:
        try:
            with socket.create_connection((HOST, self.port), timeout=1.0):
                return True
        except OSError:
            return False

    def wait_ready(self, seconds: float, cancelled: Callable[[], bool] = lambda: False) -> None:
        """Return once it listens (or when cancelled). Raises ChildFailed when it ends or takes too long."""
        deadline = time.monotonic() + seconds
        while not cancelled():
            code = self.exit_code()
            if code is not None:
                raise ChildFailed(f"{self.name} ended with {code} while starting{self.last_words()}")
            if self.answers():
                return
            if time.monotonic() > deadline:
                raise ChildFailed(f"{self.name} did not answer within {seconds:g} s{self.last_words()}")
            time.sleep(0.02)

    def last_words(self) -> str:
        """The end of its log, to be put behind a message."""
        if self._log is None or not self._log.is_file():
            return ""
        lines = self._log.read_text("utf-8", "replace").strip().splitlines()
        return f" ({self._log}: {lines[-1][:300]})" if lines else ""

    def ask_to_stop(self) -> None:
        self._signal(signal.SIGTERM)

    def stop(self, seconds: float) -> None:
        """Wait so long for it to end by itself, then kill it."""
        if self._process is None:
            return
        try:
            self._process.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        self._signal(signal.SIGKILL)
        if self._process:
            self._process.wait()

    def _signal(self, number: int) -> None:
        if self._process and self._process.poll() is None:
            self._process.send_signal(number)

    def _spawn(self) -> subprocess.Popen[bytes]:
        argv = [sys.executable, "-I", "-S", str(TETHER), str(os.getpid()), *self._argv]
        stdin = subprocess.PIPE if self._listens else subprocess.DEVNULL
        with self._log.open("wb") if self._log else contextlib.nullcontext() as output:
            stderr = subprocess.STDOUT if output else None
            # A session of its own: Ctrl-C reaches only us, and we stop the children in order.
            return subprocess.Popen(
                argv, env=self._env, stdin=stdin, stdout=output, stderr=stderr, start_new_session=True
            )


def free_ports(count: int) -> list[int]:
    """So many different ports that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind((HOST, 0))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()
