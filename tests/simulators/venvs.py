"""Virtual environments of their own for clients that are not ours; kept in `.local/`, made once per set of pins."""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
KEPT = HERE.parents[1] / ".local" / "test-venvs"
PATIENCE_SECONDS = 300


def environment(name: str) -> Path:
    """The environment with exactly `requirements/{name}.txt`; skips the test where it cannot be made."""
    pins = HERE / "requirements" / f"{name}.txt"
    version = hashlib.sha256(pins.read_bytes() + sys.version.encode()).hexdigest()[:12]
    home = KEPT / f"{name}-{version}"
    done = home / "complete"
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(home, ignore_errors=True)
            _run([sys.executable, "-m", "venv", str(home)], name)
            pip = [str(home / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "-q"]
            _run([*pip, "install", "--no-deps", "-r", str(pins)], name)
            done.touch()
    return home


def _run(command: list[str], name: str) -> None:
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"{name} cannot be installed here: {error}")
    if run.returncode:
        last = (run.stderr.strip().splitlines() or ["no reason given"])[-1]
        pytest.skip(f"{name} cannot be installed here: {last}")
