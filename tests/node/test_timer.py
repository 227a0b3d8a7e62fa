"""The dead-man timer, run for real: it fires with nobody else alive, and nothing that happens here lengthens a life."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
from msgspec.structs import replace

from chalicelib import node
from tests.node.conftest import Build
from tests.node.machine import SHELLS, Machine, a_lease, ending_in, until

DEAD_END = "http://127.0.0.1:9"
NO_SUCH_NAME = "http://shopper.invalid"


def state(machine: Machine) -> list[str]:
    return (machine.home / "state").read_text().split()


@pytest.fixture(scope="module")
def short(fleet: Build) -> dict[str, Machine]:
    """All of them at once: they have two seconds left, or an hour and nobody who answers."""
    out_of_reach = a_lease(url=DEAD_END, silence_seconds=2.0)
    cases = {
        **{f"bare {shell}": (shell, (), ending_in(2)) for shell in SHELLS},
        "service down": ("dash", ("curl", "wget", "python3"), ending_in(2, url=DEAD_END)),
        "no names": ("dash", ("curl", "wget", "python3"), ending_in(2, url=NO_SUCH_NAME)),
        "slow clock": ("dash", (), ending_in(2)),
        "no uptime": ("dash", (), ending_in(2)),
        "cut off": ("dash", ("curl",), out_of_reach),
        "told to keep": ("dash", ("curl",), replace(out_of_reach, silence_seconds=0.0)),
        "timer alone": ("dash", ("curl",), replace(out_of_reach, url=None)),
        "nothing to call with": ("dash", (), out_of_reach),
    }
    built = {name: fleet(shell, tools) for name, (shell, tools, _) in cases.items()}
    (built["no uptime"].proc / "uptime").unlink()
    for name in ("slow clock", "no uptime"):
        built[name].clock_is_off_by(-7200)
    for name, each in built.items():
        each.start(cases[name][2], market="vastai" if name.startswith("bare") else "tensordock")
    return built


@pytest.mark.parametrize("shell", SHELLS)
def test_without_any_network_the_power_goes_at_the_deadline(short: dict[str, Machine], shell: str) -> None:
    bare = short[f"bare {shell}"]
    until(lambda: bare.off, bare)
    assert "ending this machine: deadline" in bare.log


@pytest.mark.parametrize("case", ["service down", "no names"])
def test_it_fires_with_the_service_out_of_reach(short: dict[str, Machine], case: str) -> None:
    until(lambda: short[case].off, short[case])


@pytest.mark.parametrize("case", ["slow clock", "no uptime"])
def test_a_clock_that_was_wrong_from_the_start_lengthens_nothing(short: dict[str, Machine], case: str) -> None:
    """Where the kernel tells no uptime either, the agent's own naps are counted."""
    until(lambda: short[case].off, short[case])


def test_cut_off_from_the_service_for_too_long_it_ends_itself(short: dict[str, Machine]) -> None:
    until(lambda: short["cut off"].off, short["cut off"])
    assert "cut off from the service" in short["cut off"].log


@pytest.mark.parametrize("case", ["told to keep", "timer alone", "nothing to call with"])
def test_silence_that_was_agreed_or_could_not_be_otherwise_ends_nothing(short: dict[str, Machine], case: str) -> None:
    quiet = short[case]
    until(lambda: (quiet.home / "state").exists() and quiet.left() <= 3597, quiet)
    assert not quiet.off


@pytest.fixture(scope="module")
def disturbed(fleet: Build) -> dict[tuple[str, str], Machine]:
    """Under every shell: the clock set back and forward by two hours, and a restart in the middle."""
    cases = {(shell, what): fleet(shell, ()) for shell in SHELLS for what in ("back", "forward", "restart")}
    lease = ending_in(12)
    for each in cases.values():
        each.start(lease, market="tensordock")
    for (_, what), each in cases.items():
        until(lambda each=each: (each.home / "state").exists(), each)  # type: ignore[misc]
        assert not each.off
        if what == "restart":
            each.stop()
            each.start(lease, market="tensordock")
        else:
            each.clock_is_off_by(-7200 if what == "back" else 7200)
    return cases


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("what", ["back", "forward"])
def test_a_clock_that_jumps_cannot_lengthen_a_life(
    disturbed: dict[tuple[str, str], Machine], shell: str, what: str
) -> None:
    until(lambda: disturbed[shell, what].off, disturbed[shell, what])


@pytest.mark.parametrize("shell", SHELLS)
def test_after_a_restart_the_absolute_deadline_holds(disturbed: dict[tuple[str, str], Machine], shell: str) -> None:
    restarted = disturbed[shell, "restart"]
    until(lambda: restarted.off, restarted)
    assert restarted.log.count("armed") == 2


def test_a_restart_with_the_clock_set_back_goes_on_with_what_was_left(machine: Build) -> None:
    cheated = machine()
    lease = ending_in(5)
    cheated.start(lease, market="tensordock")
    until(lambda: (cheated.home / "state").exists() and cheated.left() < 5, cheated)
    cheated.stop()
    cheated.clock_is_off_by(-7200)
    cheated.start(lease, market="tensordock")
    until(lambda: cheated.log.count("armed") == 2, cheated)
    assert "armed: 5 s left" not in cheated.log.split("armed", 2)[2]
    until(lambda: cheated.off, cheated)


def test_what_an_earlier_machine_left_in_the_image_counts_for_nothing(machine: Build) -> None:
    cloned = machine()
    cloned.home.mkdir()
    (cloned.home / "state").write_text("test-somebody-else 1 0 1\n")
    (cloned.home / "destroy").touch()
    cloned.start(a_lease())
    until(lambda: (cloned.home / "state").exists() and state(cloned)[0] != "test-somebody-else", cloned)
    assert cloned.left() > 3000
    assert not cloned.off


def test_an_uptime_that_runs_back_adds_nothing(machine: Build) -> None:
    moved = machine()
    uptime = moved.proc / "uptime"
    uptime.unlink()
    for told, left in (("5000.00 1.00", 3600), ("10.00 1.00", 3600), ("110.00 1.00", 3500)):
        uptime.with_suffix(".new").write_text(told + "\n")
        uptime.with_suffix(".new").replace(uptime)
        if not moved.armed:
            moved.start(a_lease(), market="tensordock")
        (moved.home / "state").unlink(missing_ok=True)
        until(lambda: (moved.home / "state").exists(), moved)
        assert moved.left() == left


def test_a_timer_that_was_killed_is_armed_again_by_the_heartbeats(machine: Build) -> None:
    hurt = machine()
    hurt.start(ending_in(60, url=DEAD_END), market="tensordock")
    until(lambda: "heartbeats arrive: no" in hurt.log, hurt)
    os.kill(int((hurt.home / "guard").read_text().split()[0]), signal.SIGKILL)
    until(lambda: hurt.log.count("armed") == 2, hurt)
    assert hurt.left() <= 60


def test_a_second_start_takes_over_from_the_first(machine: Build) -> None:
    twice = machine()
    twice.start(a_lease())
    until(lambda: twice.armed, twice)
    first = (twice.home / "guard").read_text()
    twice.start(a_lease())
    until(lambda: (twice.home / "guard").read_text() != first, twice)
    until(lambda: twice._started[0].poll() is not None, twice)
    assert twice._started[0].returncode == 0
    assert twice._started[1].poll() is None


def test_start_returns_when_the_timer_is_armed(machine: Build) -> None:
    booted = machine()
    told = node.environment(a_lease(), "vastai", DEAD_END)
    subprocess.run(
        [booted.bin / "sh", booted.script, "start"], env=booted.environ(told), check=True, timeout=20,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert booted.armed
    assert Path(f"/proc/{(booted.home / 'guard').read_text().split()[0]}").exists()


def test_without_a_deadline_it_says_so_and_does_not_pretend(machine: Build) -> None:
    empty = machine()
    empty.start(a_lease(), SHOPPER_DEADLINE="")
    until(lambda: empty._started[0].poll() == 2, empty)
    assert "not armed" in empty.log
    assert not empty.off
