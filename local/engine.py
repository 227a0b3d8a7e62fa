"""The embedded DynamoDB engine: find its binary, start it on a data file, see that it dies with us."""

import ctypes
import http.client
import os
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

_BINARY = Path("node_modules") / "@dynoxide" / "linux-x64" / "dynoxide"
_HOST = "127.0.0.1"
_START_SECONDS = 10.0  # it takes 10 ms; a busy machine, or a log to be replayed after a crash, may take longer
_STOP_SECONDS = 5.0
_PR_SET_PDEATHSIG = 1


class EngineError(Exception):
    """The engine did not start; the message says why."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A running engine. `url` is what AWS_ENDPOINT_URL_DYNAMODB should say."""

    url: str
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """End it and wait until it is gone; safe to repeat."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()


def find_engine(root: Path) -> Path | None:
    """The binary that `npm ci` put below the project's root, if it is there."""
    binary = root / _BINARY
    return binary if os.access(binary, os.X_OK) and binary.is_file() else None


def command(binary: Path, data_file: Path | None, port: int) -> list[str]:
    """How the engine is called; without a data file it keeps everything in memory."""
    store = ["--db-path", str(data_file)] if data_file is not None else []
    return [str(binary), "--host", _HOST, "--port", str(port), *store]


def start_engine(binary: Path, data_file: Path | None, port: int = 0) -> Engine:
    """Start it on `data_file` (None: in memory) and wait until it answers. Raises EngineError.

    Port 0 takes any free one. The engine is killed when the thread that called this ends, however it ends:
    call it from the main thread.
    """
    if data_file is not None:
        data_file.parent.mkdir(parents=True, exist_ok=True)
    chosen = _claim(port)
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command(binary, data_file, chosen),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,  # Ctrl-C is for us: we stop it last, when nobody writes any more
            preexec_fn=_die_with_parent,
        )
        engine = Engine(f"http://{_HOST}:{chosen}", process)
        try:
            _await_answer(process, chosen)
        except BaseException as error:
            engine.stop()
            said.seek(0)
            if isinstance(error, EngineError):
                raise EngineError(f"{error}: {said.read().decode(errors='replace').strip()}") from None
            raise
    return engine


def _await_answer(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise EngineError(f"the engine ended at once with {process.returncode}")
        if _answers(port):
            return
        time.sleep(0.01)
    raise EngineError(f"the engine did not answer within {_START_SECONDS:g} s")


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(_HOST, port, timeout=1.0)
    try:
        connection.request("GET", "/")
        return connection.getresponse().getheader("server", "").startswith("Dynoxide")
    except OSError:
        return False
    finally:
        connection.close()


def _claim(port: int) -> int:
    """A port that is free just now: this very one, or any for 0. What answers there later is then ours."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError as error:
            raise EngineError(f"port {port}: {error.strerror}") from None
        free: int = probe.getsockname()[1]
        return free


def _die_with_parent() -> None:
    """Runs in the child before the engine does: the kernel ends it when its parent is gone, even by kill -9."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
