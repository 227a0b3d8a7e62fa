"""What nvidia-smi says, as beats tell it: one GPU, eight, slices, silence, errors, and a driver that hangs."""

import json
from typing import Any

import pytest

from tests.node.conftest import Build
from tests.node.machine import BUSYBOX, Machine, a_lease, until

EIGHT = "\n".join(f"{n * 12}, {40_000 + n}" for n in range(8))
CASES = {
    "one": ("97, 40536", [97], [40536], "ok"),
    "eight": (EIGHT, [n * 12 for n in range(8)], [40_000 + n for n in range(8)], "ok"),
    "sliced (MIG)": ("[N/A], 1193", [None], [1193], "ok"),
    "one sliced, one whole": ("[N/A], 1193\n3, 7", [None, 3], [1193, 7], "ok"),
    "not supported": ("[Not Supported], [Not Supported]", [None], [None], "ok"),
    "nothing in it": ("No devices were found", [], [], "none"),
    "beyond all bounds": ("255, 40536\n4294967295, 99999999999\n100, 0", [None, None, 100], [40536, None, 0], "ok"),
    "nonsense": ("$(poweroff), `poweroff`\n-5, 1e9", [None, None], [None, None], "ok"),
}


def report(machine: Machine) -> None:
    """Its first beat is kept by a curl that goes nowhere."""
    kept = machine.home.parent / "kept"
    text = f'for a in "$@"; do case $a in "{{"*) echo "$a" > {kept}.new; mv {kept}.new {kept};; esac; done'
    machine.command("curl", text)
    machine.start(a_lease(url="http://127.0.0.1:9", beat_seconds=60.0))


def told(machine: Machine) -> Any:
    kept = machine.home.parent / "kept"
    until(kept.exists, machine)
    return json.loads(kept.read_text())


@pytest.fixture(scope="module")
def reporters(fleet: Build) -> dict[tuple[str, str], Machine]:
    built = {}
    for shell in ("dash", *BUSYBOX):
        for case, (said, *_) in CASES.items():
            one = built[shell, case] = fleet(shell)
            (one.home.parent / "said").write_text(said + "\n")
            one.command("nvidia-smi", f"cat {one.home.parent / 'said'}")
            report(one)
    built["dash", "no tool"] = fleet()
    built["dash", "error"] = fleet()
    built["dash", "error"].command("nvidia-smi", 'echo "0, 0"; echo "NVIDIA-SMI has failed" >&2; exit 9')
    for case in ("no tool", "error"):
        report(built["dash", case])
    return built


@pytest.mark.parametrize("shell", ["dash", *BUSYBOX])
@pytest.mark.parametrize("case", CASES)
def test_each_gpu_is_told_of(reporters: dict[tuple[str, str], Machine], shell: str, case: str) -> None:
    _, util, memory, gpus = CASES[case]
    beat = told(reporters[shell, case])
    assert (beat["gpu_util"], beat["gpu_mem_used_mb"], beat["gpus"]) == (util, memory, gpus)
    assert not reporters[shell, case].off


@pytest.mark.parametrize(("case", "gpus"), [("no tool", "none"), ("error", "error")])
def test_without_an_answer_there_are_no_figures(
    reporters: dict[tuple[str, str], Machine], case: str, gpus: str
) -> None:
    beat = told(reporters["dash", case])
    assert (beat["gpu_util"], beat["gpu_mem_used_mb"], beat["gpus"]) == ([], [], gpus)


def test_one_that_hangs_holds_nobody_up(machine: Build) -> None:
    built = machine()
    built.command("nvidia-smi", 'trap "" TERM; sleep 60')
    report(built)
    beat = told(built)
    assert (beat["gpu_util"], beat["gpus"], beat["timer"]) == ([], "timeout", "armed")
