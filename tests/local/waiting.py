"""For what another thread or process brings about: look again and again, but not for ever."""

import os
import threading
from collections.abc import Callable
from pathlib import Path


def eventually(condition: Callable[[], object], seconds: float = 10.0) -> bool:
    """True as soon as the condition holds; False when it never did."""
    pause = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if condition():
            return True
        pause.wait(0.02)
    return False


def runs(pid: int) -> bool:
    """Is there such a process, other than one that is dead and merely not yet buried?"""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def children_of(pid: int) -> dict[int, str]:
    """Process id and command line of each living child."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            if int(parent) == pid and runs(int(folder.name)):
                found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we looked
    return found
