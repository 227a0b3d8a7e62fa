"""DynamoDB Local: fetch it once with Maven, start it in memory."""

import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from fcntl import LOCK_EX, flock
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_POM = Path(__file__).with_name("pom.xml")
_CACHE = _ROOT / ".local" / "dynamodb-local"
_FETCH_SECONDS = 240
_START_SECONDS = 60
_MAIN = "com.amazonaws.services.dynamodbv2.local.main.ServerRunner"


class Unavailable(Exception):
    """It cannot run here; the message says why."""


@dataclass(frozen=True, slots=True)
class DynamoDBLocal:
    url: str
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        self.process.kill()  # in memory: nothing to save
        self.process.wait()


def start() -> DynamoDBLocal:
    """Start it on a free port and wait until it listens. Raises Unavailable."""
    java = shutil.which("java")
    if java is None:
        raise Unavailable("there is no java")
    jars = _jars()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # C1 alone: half the processor time of a start that lives for seconds
    virtual_machine = [java, "-XX:TieredStopAtLevel=1", f"-Djava.library.path={jars}", "-cp", f"{jars}/*"]
    process = subprocess.Popen(
        [*virtual_machine, _MAIN, "-inMemory", "-port", str(port)],
        cwd=_CACHE,  # it leaves a file where it runs
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    server = DynamoDBLocal(f"http://127.0.0.1:{port}", process)
    try:
        _await_port(process, port)
    except BaseException:
        server.stop()
        raise
    return server


def _jars() -> Path:
    """Where they are. One process at a time fetches: others wait for it, and find them."""
    _CACHE.parent.mkdir(exist_ok=True)
    with _CACHE.with_suffix(".lock").open("w") as lock:
        flock(lock, LOCK_EX)
        return _fetched()


def _fetched() -> Path:
    jars = _CACHE / "lib"
    done = _CACHE / "complete"
    if done.exists() and done.read_text() == _POM.read_text():
        return jars
    maven = shutil.which("mvn")
    if maven is None:
        raise Unavailable("there is no mvn to fetch it with")
    shutil.rmtree(_CACHE, ignore_errors=True)
    _CACHE.mkdir(parents=True)
    command = [maven, "-q", "-B", "-f", str(_POM), "dependency:copy-dependencies", f"-DoutputDirectory={jars}"]
    try:
        fetched = subprocess.run(command, capture_output=True, text=True, timeout=_FETCH_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"mvn did not fetch it within {_FETCH_SECONDS} s") from error
    if fetched.returncode != 0:
        raise Unavailable(f"mvn could not fetch it: {(fetched.stdout + fetched.stderr).strip()[:300]}")  # the cause
    done.write_text(_POM.read_text())
    return jars


def _await_port(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise Unavailable(f"it ended at once with {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise Unavailable(f"it did not listen within {_START_SECONDS} s")
