"""`gpu-shopper`: reads the command line, runs one command, and turns what went wrong into a line and an exit code."""

import os
import sys
import time
from collections.abc import Callable, Sequence

from cli.arguments import Aligned, Parser
from cli.console import Console, tolerant
from cli.errors import CliError, Interrupted, UsageError

TAKES_REST = ("up", "ssh")
_ABOUT = "Compare rented GPUs across markets, rent one, get SSH, and have it provably gone on time."
_MORE = (
    "The service and the key: GPU_SHOPPER_URL, GPU_SHOPPER_KEY, or url and key in ~/.config/gpu-shopper/config.toml."
)


def parser() -> Parser:
    """Every command with its options; none of them imports what only its run needs."""
    from chalicelib import __version__
    from cli.commands import (
        access,
        completion,
        drill,
        ending,
        inventory,
        ls,
        mcp,
        money,
        orphans,
        prices,
        renew,
        service,
        show,
        ssh,
        up,
    )  # fmt: skip

    root = Parser(prog="gpu-shopper", description=_ABOUT, epilog=_MORE, allow_abbrev=False, formatter_class=Aligned)
    root.add_argument("--version", action="version", version=__version__)
    commands = root.add_subparsers(title="commands", metavar="COMMAND", required=True, dest="command")
    looking, working = (inventory, prices, up, ls, show, ssh, ending, renew), (service, access, money, orphans, drill)
    for module in (*looking, *working, mcp, completion):
        module.declare(commands)
    return root


def main(
    argv: Sequence[str] | None = None,
    pause: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> int:
    """The exit code: 0 ok, 1 refused or failed, 2 usage, 3 cannot reach, 130 Ctrl-C; with --rm the command's own."""
    words, rest = _split(list(sys.argv[1:] if argv is None else argv))
    tolerant(sys.stdout)
    tolerant(sys.stderr)
    console = Console(os.environ, as_json="--json" in words)
    try:
        code = _run(words, rest, console, pause, clock)
        sys.stdout.flush()
    except CliError as error:
        console.error(error)
        return error.exit_code
    except KeyboardInterrupt:
        console.error(Interrupted())
        return Interrupted.exit_code
    except BrokenPipeError:  # whoever read our output has enough of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def _run(
    words: list[str],
    rest: tuple[str, ...] | None,
    console: Console,
    pause: Callable[[float], None],
    clock: Callable[[], float],
) -> int:
    args = parser().parse_args(words)
    if rest is not None and args.command not in TAKES_REST:
        raise UsageError(f"{args.command} takes nothing behind --", f"see gpu-shopper {args.command} --help")
    from cli.client import Client
    from cli.config import load
    from cli.context import Context

    config = load(os.environ, args.url)
    for warning in config.warnings:
        console.note(f"warning: {warning}")
    client = Client(config.url, config.key, config.no_key)
    context = Context(args, rest, os.environ, config, console, client, pause, clock)
    code: int = args.run(context)
    return code


def _split(words: list[str]) -> tuple[list[str], tuple[str, ...] | None]:
    """What stands before the first `--`, and what behind it."""
    if "--" not in words:
        return words, None
    at = words.index("--")
    return words[:at], tuple(words[at + 1 :])


if __name__ == "__main__":
    sys.exit(main())
