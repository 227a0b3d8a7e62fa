"""`python -m tests.mutants SAMPLE=600 SEED=3`: mistakes put into the rules by mutmut, and how many of them tests find.

What is mutated, and by which tests it is held, says [tool.mutmut] in pyproject.toml. SAMPLE=all takes every mutant.
A mutant that was killed before, in code that did not change, is not run again.
"""

import json
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

MUTMUT = Path(sys.prefix) / "bin" / "mutmut"
RESULTS = Path("mutants/chalicelib")
SMALLEST = "chalicelib.domain.schedule.*"
"""Run first, so that all mutants are made and the tests of each function are known."""
_KILLED = (1, 3)
_UNTESTED = (5, 33)
_AT_ONCE = 2000


def main(arguments: list[str]) -> int:
    """0 where at least LEAST percent were killed, 1 where not."""
    options = {"SAMPLE": "600", "SEED": "3", "JOBS": "2", "LEAST": "85"}
    options |= dict(argument.split("=", 1) for argument in arguments if not argument.endswith("="))
    mutmut(options["JOBS"], [SMALLEST])
    names = sorted(results())
    if options["SAMPLE"] != "all":
        random.Random(int(options["SEED"])).shuffle(names)
        names = names[: int(options["SAMPLE"])]
    left = [name for name in names if results()[name] not in _KILLED]
    for start in range(0, len(left), _AT_ONCE):
        mutmut(options["JOBS"], left[start : start + _AT_ONCE])
    found = results()
    counts = Counter(_outcome(found[name]) for name in names)
    share = 100 * (counts["killed"] + counts["too slow"]) / len(names)
    print("\n".join(f"{_outcome(found[name]):<9} {name}" for name in sorted(names) if found[name] not in _KILLED))
    print(f"{len(names)} of {len(found)} mutants: {dict(counts)}, {share:.1f} % found")
    return int(share < float(options["LEAST"]))


def mutmut(jobs: str, names: list[str]) -> None:
    if names:
        subprocess.run([MUTMUT, "run", "--max-children", jobs, *names], check=True)


def results() -> dict[str, int | None]:
    """mutmut's exit code of each mutant, None where it was not run."""
    found: dict[str, int | None] = {}
    for path in RESULTS.rglob("*.meta"):
        found |= json.loads(path.read_text("utf-8"))["exit_code_by_key"]
    return found


def _outcome(code: int | None) -> str:
    if code is None:
        return "not run"
    if code in _KILLED:
        return "killed"
    if code in _UNTESTED:
        return "no test"
    return "survived" if code == 0 else "too slow"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
