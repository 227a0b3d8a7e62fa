"""`make drill`: some minutes of the worst that markets do, then a scoreboard; exit code 1 if anything was too much."""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from local.drill.board import Progress, Score, render
from local.drill.cases import CREATES, ENDS, SHORT, SHORT_CREATES, SHORT_ENDS
from local.drill.course import Course
from local.drill.stack import Stack


def drill(folder: Path, quick: bool, progress: Progress) -> Score:
    """The score, whatever happened; the stack is stopped in any case."""
    stack = Stack(folder, **SHORT)
    try:
        course = Course(stack, progress)
        creates, ends = (SHORT_CREATES, SHORT_ENDS) if quick else (CREATES, ENDS)
        return course.run(creates, ends, whole=not quick)
    finally:
        progress("stopping")
        stack.stop()
        progress.over()


def main() -> int:
    parser = argparse.ArgumentParser(prog="gpu-shopper drill", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few faults, in under a minute")
    parser.add_argument("--json", action="store_true", dest="as_json")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="the data directory, kept afterwards with its logs")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="shopper-drill-") as made:
        score = drill(args.keep or Path(made) / "data", args.quick, Progress())
    if args.as_json:
        rows = [{"fault": row.fault, "survived": row.survived, "detail": row.detail} for row in score.rows]
        print(json.dumps(score.figures() | {"rows": rows}, indent=2))
    else:
        print(render(score))
    return 0 if score.passed else 1


if __name__ == "__main__":
    sys.exit(main())
