"""What a cold start pays for imports: app.py, beside a bare interpreter and beside its frameworks alone."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure, median

_ROOT = Path(__file__).parents[1]
_ROUNDS = 7
_PROGRAMS = {
    "nothing": "pass",
    "chalice and pynamodb": "import chalice.app, pynamodb.models, pynamodb.transactions",
    "app.py": "import app",
}


def figures() -> Iterator[Figure]:
    for name, program in _PROGRAMS.items():
        _run(program)  # writes the byte code, which a packaged function has too
        taken = [_run(program) for _ in range(_ROUNDS)]
        for clock, place in (("wall", 0), ("CPU", 1)):
            figure = median([run[place] for run in taken])
            yield Figure(name=f"import {name}: {clock}", figure=figure, unit="ms", note=f"median of {_ROUNDS}")


def _run(program: str) -> tuple[float, float]:
    """(wall, CPU) milliseconds of a fresh interpreter, its start included. Raises when the program fails."""
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", program], cwd=_ROOT)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"python -c {program!r} ended with {process.returncode}")
    return (time.perf_counter() - began) * 1000, (usage.ru_utime + usage.ru_stime) * 1000
