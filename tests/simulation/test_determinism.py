"""A seed is a world: the same events, in this process, in the next one, whatever Python hashes by."""

import os
import subprocess
import sys
from pathlib import Path

from tests.simulation.seed import run

ROOT = Path(__file__).parents[2]
PROGRAM = "from tests.simulation.seed import run; print(*(run(seed, hashed=True).digest for seed in (3, 4)))"


def test_the_same_seed_twice_is_the_same_log() -> None:
    assert run(3, hashed=True).digest == run(3, hashed=True).digest
    assert run(3, hashed=True).digest != run(4, hashed=True).digest


def test_the_order_of_sets_decides_nothing() -> None:
    found = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": number, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        ).stdout
        for number in ("1", "2")
    }
    assert found == {f"{run(3, hashed=True).digest} {run(4, hashed=True).digest}\n"}
