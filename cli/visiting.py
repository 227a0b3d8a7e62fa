"""ssh at work: a child of this process, so that a word can follow where it could not get in."""

import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import TYPE_CHECKING

from cli import remote
from cli.context import Context
from cli.errors import CliError
from cli.shapes import Session

if TYPE_CHECKING:
    import subprocess

FAILED = 255  # ssh's word for a failure of its own, though what ran there may say the same
_ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GRACE_SECONDS = 5.0  # for ssh to put the terminal right; with --rm a session waits for its end meanwhile


def visit(ctx: Context, session: Session, rest: Sequence[str], advice: str) -> int:
    """Run ssh on the session's machine; its exit code. `advice` follows where it may be that it never got in."""
    remote.prepare(ctx.config)
    argv = remote.command(ctx.config, session, ctx.args.ssh_key, rest)
    sys.stdout.flush()
    try:
        code, caught = _run(argv)
    except FileNotFoundError:
        raise CliError("no ssh here", "install the OpenSSH client") from None
    if caught:
        signal.raise_signal(caught[0])
    elif code == FAILED:
        ctx.console.note(f"gpu-shopper: exit code {code}: {_failed(session, advice)}")
    return code


def _run(argv: Sequence[str]) -> tuple[int, list[int]]:
    """(exit code as shells count, signals that should have ended us meanwhile: they were handed on)."""
    import subprocess

    child: subprocess.Popen[bytes] | None = None
    caught: list[int] = []

    def hand_on(number: int, frame: FrameType | None) -> None:
        if number != signal.SIGALRM:
            caught.append(number)
            signal.setitimer(signal.ITIMER_REAL, GRACE_SECONDS, GRACE_SECONDS)
        if child is not None and child.returncode is None:
            os.kill(child.pid, signal.SIGKILL if number == signal.SIGALRM else number)

    ours = [number for number in _ENDS if signal.getsignal(number) != signal.SIG_IGN]  # nohup holds for both
    before = [(number, signal.signal(number, hand_on)) for number in (signal.SIGALRM, *ours)]
    try:
        child = subprocess.Popen(argv)  # noqa: S603 - no shell is wanted; the parts are checked
        for number in tuple(caught):  # before there was a child
            os.kill(child.pid, number)
        return _ended(child), caught
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before:
            signal.signal(number, handler)


def _ended(child: "subprocess.Popen[bytes]") -> int:
    """Its exit code. While it sleeps (~^Z) so do we, or no shell would take the terminal back."""
    while True:
        _, status = os.waitpid(child.pid, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            os.kill(os.getpid(), signal.SIGSTOP)
            continue
        child.returncode = code = os.waitstatus_to_exitcode(status)
        return code if code >= 0 else 128 - code


def _failed(session: Session, advice: str) -> str:
    to = remote.address(session)
    where = remote.joined(to["host"], to["port"])
    if remote.is_loopback(to["host"]):
        return f"ssh could not get in at {where}: that is a simulated machine, and those have no shell"
    return f"ssh could not get in at {where}, or was cut off, unless what ran there ended so itself; {advice}"
