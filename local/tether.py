"""Runs a command that the kernel kills the moment its parent dies: `python tether.py PARENT_PID COMMAND ...`."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def tie_to(parent: int) -> None:
    """Have this process killed when `parent`, which must be its parent, ends; it survives an exec.

    Mind the trap: the signal comes when the parent's *thread* that started us ends, not only its whole process.
    """
    if sys.platform == "linux" and ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        sys.exit("tether: the kernel refused to tie us to our parent")
    if os.getppid() != parent:  # it died before the knot was tied
        sys.exit("tether: the parent is gone")


if __name__ == "__main__":
    tie_to(int(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])
