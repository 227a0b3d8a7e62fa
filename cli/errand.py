"""`up --rm`: one command on a fresh machine, and the machine's end whatever becomes of it."""

import shlex
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from cli import visiting
from cli.context import Context
from cli.errors import ApiError, CliError
from cli.lookup import short
from cli.shapes import Session

TRIES = 3  # to say that it should end; the reservation's end stands behind them


def command_line(words: Sequence[str]) -> list[str]:
    """One word is a line for the remote shell as it is; several are one command and keep their borders."""
    return list(words) if len(words) < 2 else [shlex.join(words)]


def errand(ctx: Context, session: Session) -> int:
    """Run the command (or a shell) by ssh; its exit code."""
    advice = "why: rent without --rm, then gpu-shopper ssh ID -- -v · with another key: --ssh-key FILE"
    return visiting.visit(ctx, session, command_line(ctx.rest or ()), advice)


@contextmanager
def ended_afterwards(ctx: Context, session: Session) -> Iterator[None]:
    """However the block is left, by Ctrl-C, SIGTERM or a closed terminal too, the session is ended."""
    caught = (signal.SIGTERM, signal.SIGHUP)
    before = [(number, signal.signal(number, _leave)) for number in caught]
    done = False
    try:
        yield
        done = True
    finally:
        try:
            _end(ctx, session["id"], graceful=done and not ctx.args.consumer)
        finally:
            for number, handler in before:
                signal.signal(number, handler)


def _end(ctx: Context, session_id: str, graceful: bool) -> Session:
    """Ask for the end until it is heard. Raises CliError that says how to end it by hand."""
    for turn in range(TRIES):
        try:
            return ctx.client.done(session_id) if graceful else ctx.client.delete(session_id)
        except CliError as error:
            passing = not isinstance(error, ApiError) or error.status >= 500 or error.status == 429
            if not passing or turn == TRIES - 1:
                error.detail = f"could not end {session_id}: {error.detail}"
                error.hint = f"end it: gpu-shopper rm {short(session_id)}; else it ends when its time is up"
                raise
            ctx.pause(1.0)
    raise AssertionError("the last round always ends")


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
