"""`python -m bench.agent`: what the node agent costs its machine, the script run for real under every shell there is.

The timer and the reports are hurried to one a second each, counted, and reckoned back to their pace: a look every 15 s,
a report every 60 s. Reports go by curl to the service in this process, with an nvidia-smi that answers for eight GPUs.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bench.figures import Figure, median
from tests.node.machine import SHELLS, Machine, a_lease, until
from tests.node.service import Service

SECONDS = 30.0
_TICK = os.sysconf("SC_CLK_TCK")


def main() -> int:
    for shell in SHELLS:
        for figure in figures(shell):
            print(f"{figure.name:<36}{figure.figure:>10.3g} {figure.unit}")
    return 0


def figures(shell: str) -> list[Figure]:
    with tempfile.TemporaryDirectory() as name, Service() as service:
        alone = Machine(Path(name) / "alone", shell, ("curl", "sha256sum"))
        alone.start(a_lease())
        until(lambda: (alone.home / "state").exists(), alone)
        try:
            look, rest = _spent(alone, lambda: alone.left())
        finally:
            alone.stop()
        talker = Machine(Path(name) / "talker", shell, ("curl", "sha256sum"))
        talker.clock_is_off_by(service.clock_offset)
        talker.command("nvidia-smi", 'for gpu in 1 2 3 4 5 6 7 8; do echo "97, 40536"; done')
        talker.start(service.lease())
        until(lambda: service.beats, talker)
        try:
            report, busy = _spent(talker, lambda: -len(service.beats), besides=look)
        finally:
            talker.stop()
    return [
        Figure(name=f"agent, {shell}: CPU of one look", figure=1000 * look, unit="ms"),
        Figure(name=f"agent, {shell}: CPU of one report", figure=1000 * report, unit="ms"),
        Figure(name=f"agent, {shell}: of one core", figure=100 * (look / 15 + report / 60), unit="%"),
        Figure(name=f"agent, {shell}: memory at rest", figure=median(rest), unit="MB, proportional set size"),
        Figure(name=f"agent, {shell}: memory in a report", figure=max(busy), unit="MB, with curl"),
    ]


def _spent(machine: Machine, counter: Callable[[], int], besides: float = 0.0) -> tuple[float, list[float]]:
    """(CPU seconds of one event, less `besides` for each second; the memory of all its processes, in MB, now and then).

    `counter` falls by one with each event.
    """
    cpu, count, began = _cpu(machine), counter(), time.monotonic()
    memory: list[float] = []
    while time.monotonic() < began + SECONDS:
        time.sleep(0.25)
        memory.append(sum(map(_pss, _family(machine))))
    events = count - counter()
    passed = time.monotonic() - began
    return (_cpu(machine) - cpu - besides * passed) / max(1, events), memory


def _family(machine: Machine) -> list[int]:
    """Every process of the agent's session."""
    leader = machine._started[-1].pid
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError):
            if int(_fields(stat)[3]) == leader:
                found.append(int(stat.parent.name))
    return found


def _fields(stat: Path) -> list[str]:
    """From the third on: what stands before may have spaces in it."""
    return stat.read_text().rpartition(")")[2].split()


def _cpu(machine: Machine) -> float:
    """Seconds, with those of the children that were waited for."""
    total = 0
    for pid in _family(machine):
        with suppress(OSError, ValueError):
            total += sum(map(int, _fields(Path(f"/proc/{pid}/stat"))[11:15]))
    return total / _TICK


def _pss(pid: int) -> float:
    with suppress(OSError, ValueError, IndexError):
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        return int(text.split("\nPss:")[1].split()[0]) / 1000
    return 0.0


if __name__ == "__main__":
    sys.exit(main())
