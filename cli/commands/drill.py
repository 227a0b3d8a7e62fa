"""`drill`: the fire drill of a checkout, which brings the local stack and the fake markets that it needs."""

import os
import sys
from pathlib import Path

from cli.arguments import Commands, add
from cli.context import Context
from cli.errors import CliError

_MORE = "It runs on fake markets in a temporary directory: nothing is rented, nothing costs money."


def declare(commands: Commands) -> None:
    parser = add(commands, "drill", "let markets do their worst to a local stack, and score it", run, _MORE)
    parser.add_argument("--quick", action="store_true", help="a few faults, in under a minute")


def run(ctx: Context) -> int:
    """Becomes the drill; returns only where there is none."""
    root = Path(__file__).resolve().parents[2]
    if not (root / "local" / "drill").is_dir():
        raise CliError("the drill needs the project itself, and this is only its command line", "run it in a checkout")
    chosen = [flag for flag, on in (("--quick", ctx.args.quick), ("--json", ctx.args.as_json)) if on]
    sys.stdout.flush()
    os.chdir(root)
    os.execv(sys.executable, [sys.executable, "-m", "local.drill", *chosen])  # noqa: S606 - our own program
