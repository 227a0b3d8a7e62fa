"""The end of a machine at the simulated market, with the key of that one instance, by whatever tool there is."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from simulators.start import Simulator
from simulators.vastai.market import VastMarket
from tests.node.machine import BUSYBOX, SHELLS, Machine, ending_in, until
from tests.simulators.support import Vast

TOOLS = {"curl": ("curl",), "wget": ("wget",), "python3": ("python3",), "nothing": (), "busybox": ("busybox wget",)}
CASES = [(shell, name) for shell in SHELLS for name in ("curl", "wget", "python3", "nothing")]
CASES += [(shell, "busybox") for shell in BUSYBOX]
IDENTITIES = ("environment", "first process", "label")


class Rented(Machine):
    """With an instance at the market behind it, and that instance's own key inside it."""

    def __init__(self, root: Path, vast: Simulator[VastMarket], shell: str, tools: tuple[str, ...], where: str) -> None:
        super().__init__(root, shell, tools)
        self.market = vast.market
        self.instance = str(Vast(vast.url).rent(label="shopper-x"))
        key = vast.market.machines[self.instance].api_key
        name, number = "CONTAINER_ID", self.instance
        if where == "label":
            name, number = "VAST_CONTAINERLABEL", f"C.{self.instance}"
        inside = {name: number, "CONTAINER_API_KEY": key}
        if where != "environment":
            content = b"".join(f"{name}={value}\0".encode() for name, value in {"PATH": "/bin", **inside}.items())
            (self.proc / "1" / "environ").write_bytes(content)
        self.start(ending_in(1), "vastai", vast.url, **(inside if where == "environment" else {}))

    @property
    def gone(self) -> bool:
        return not self.market.machines[self.instance].alive


@pytest.fixture(scope="module")
def fleet(
    tmp_path_factory: pytest.TempPathFactory, vast: Simulator[VastMarket]
) -> Iterator[dict[tuple[str, str], Rented]]:
    """All at once: each takes a second of its life."""
    root = tmp_path_factory.mktemp("fleet")
    built: dict[tuple[str, str], Rented] = {}
    try:
        for number, (shell, name) in enumerate(CASES):
            place = root / f"{shell}-{name}"
            built[shell, name] = Rented(place, vast, shell, TOOLS[name], IDENTITIES[number % len(IDENTITIES)])
        yield built
    finally:  # also where one could not be built: the others would go on, at the market of the next test
        for each in built.values():
            each.stop()


@pytest.mark.parametrize(("shell", "tool"), [case for case in CASES if case[1] not in ("nothing", "busybox")])
def test_it_deletes_itself_and_then_goes_off(fleet: dict[tuple[str, str], Rented], shell: str, tool: str) -> None:
    machine = fleet[shell, tool]
    until(lambda: machine.gone, machine)
    until(lambda: machine.off, machine)
    assert machine.power.read_text().startswith("poweroff")


@pytest.mark.parametrize(("shell", "tool"), [case for case in CASES if case[1] in ("nothing", "busybox")])
def test_without_a_tool_that_can_delete_only_the_power_goes(
    fleet: dict[tuple[str, str], Rented], shell: str, tool: str
) -> None:
    machine = fleet[shell, tool]
    until(lambda: machine.off, machine)
    assert not machine.gone


def test_a_market_that_is_down_is_asked_until_it_answers(vast: Simulator[VastMarket], tmp_path: Path) -> None:
    Vast(vast.url).fault("destroy.refused", count=2)
    machine = Rented(tmp_path / "m", vast, "dash", ("curl",), "environment")
    until(lambda: machine.gone, machine, 25)
    machine.stop()
    assert "round 1: deleted by the market: no" in machine.log


def test_the_power_stays_while_the_market_may_still_answer(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "m")
    machine.start(ending_in(1), CONTAINER_ID="7", CONTAINER_API_KEY="k")
    until(lambda: "round 2: deleted by the market: no" in machine.log, machine)
    early = machine.off
    until(lambda: machine.off, machine)
    machine.stop()
    assert not early
    assert "round 3" in machine.log


@pytest.mark.parametrize("number", ["", "7/../8", "x"])
def test_an_id_that_is_none_enters_no_url(tmp_path: Path, number: str) -> None:
    machine = Machine(tmp_path / "m")
    machine.command("curl", f"echo asked >> {tmp_path / 'asked'}; exit 7")
    machine.start(ending_in(1), CONTAINER_ID=number, CONTAINER_API_KEY="k")
    until(lambda: "round 1" in machine.log, machine)
    machine.stop()
    assert not (tmp_path / "asked").exists()


def test_a_virtual_machine_that_does_not_go_off_is_forced(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "m", tools=())
    machine.start(ending_in(1), market="tensordock")
    until(lambda: (machine.proc / "sysrq-trigger").read_text() == "o\n", machine)
    machine.stop()
    assert machine.power.read_text().splitlines()[:2] == ["poweroff", "poweroff -f"]
