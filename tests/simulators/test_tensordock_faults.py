"""Every nasty thing the fake TensorDock can do on demand."""

from typing import Any

import pytest
import requests

from simulators import ManualClock, Simulator, start_tensordock
from simulators.tensordock.market import TensorDockMarket
from tests.simulators.support import Dock

Sim = Simulator[TensorDockMarket]


def made(dock: Dock) -> list[Any]:
    return [one for one in dock.json("GET", "/_sim/machines")["machines"] if one["alive"]]


@pytest.mark.parametrize("effect", [False, True])
def test_an_unexpected_error_may_leave_a_machine(dock: Dock, effect: bool) -> None:
    dock.fault("create.unexpected", count=1, params={"effect": effect})
    answer = dock.create()
    assert (answer.status_code, answer.json()["error"]) == (200, "unexpected error during deployment")
    assert len(made(dock)) == int(effect)


def test_a_create_can_break_off_and_exist(dock: Dock) -> None:
    dock.fault("create.hang", count=1, params={"seconds": 0.05, "effect": True})
    with pytest.raises(requests.ConnectionError):
        dock.create(name="mine")
    assert [one["label"] for one in made(dock)] == ["mine"]


@pytest.mark.parametrize(
    ("name", "machines"),
    [("create.no_id", 1), ("create.false_with_id", 1), ("create.twice", 2), ("create.refused", 0)],
)
def test_a_create_can_answer_wrongly(dock: Dock, name: str, machines: int) -> None:
    dock.fault(name, count=1)
    answer = dock.create().json()
    assert len(made(dock)) == machines
    assert ("error" in answer) == (name in ("create.false_with_id", "create.refused"))


def test_a_create_can_come_late(dock: Dock, dock_sim: Sim) -> None:
    dock.fault("create.late", count=1, params={"seconds": 90})
    assert dock.create(name="late").status_code == 500
    assert made(dock) == []
    dock_sim.advance(91)
    assert [one["label"] for one in made(dock)] == ["late"]


def test_forwards_can_be_ignored(dock: Dock, dock_sim: Sim) -> None:
    dock.fault("create.no_forwards", count=1)
    vm_id = dock.rent()
    dock_sim.advance(60)
    assert dock.get(vm_id)["portForwards"] == []
    assert not dock_sim.market.ssh.listens(dock.truth(vm_id)["ssh"]["port"])


def test_lists_can_be_empty_partial_stale_or_strange(dock: Dock, dock_sim: Sim) -> None:
    old = dock.rent(name="old")
    dock_sim.advance(10)
    dock.rent(name="new")
    dock.fault("list.empty", count=1)
    assert dock.list() == {"data": []}
    dock.fault("list.partial", count=1)
    assert [row["id"] for row in dock.list()["data"]] == [old]
    dock.fault("list.stale", count=1, params={"seconds": 5})
    assert [row["id"] for row in dock.list()["data"]] == [old]
    dock.fault("list.shape", count=1)
    assert dock.list()["data"].keys() == {"servers"}
    dock.fault("list.error", count=1, params={"body": "<html>Bad Gateway</html>", "status": 502})
    assert dock.call("GET", "/api/v2/instances").status_code == 502


@pytest.mark.parametrize(
    ("name", "status"), [("destroy.ignored", 200), ("destroy.404", 404), ("destroy.refused", 200), ("get.absent", 404)]
)
def test_answers_about_a_living_machine_can_lie(dock: Dock, name: str, status: int) -> None:
    vm_id = dock.rent()
    dock.fault(name, count=1)
    response = dock.call("GET", f"/api/v2/instances/{vm_id}") if name == "get.absent" else dock.destroy(vm_id)
    assert response.status_code == status
    assert len(made(dock)) == 1


def test_a_destroy_can_only_stop_and_go_on_billing(dock: Dock, dock_sim: Sim) -> None:
    vm_id = dock.rent()
    dock_sim.advance(60)
    dock.fault("destroy.stops", count=1)
    dock.destroy(vm_id)
    dock_sim.advance(10)
    assert dock.get(vm_id)["status"] == "stopped"
    assert dock.truth(vm_id)["rate_per_hour"] > 0


def test_a_slow_destroy_still_acts(dock: Dock) -> None:
    vm_id = dock.rent()
    dock.fault("destroy.slow", count=1, params={"seconds": 0.05})
    assert dock.destroy(vm_id).status_code == 200
    assert made(dock) == []


def test_mishaps_of_machines(dock: Dock, dock_sim: Sim) -> None:
    wanted = {"dud": "booting", "exits": "stopped", "vanishes": "gone: vanished", "outbid": "stoppeddisassociated"}
    ids = {}
    for name in wanted:
        dock.fault(f"machine.{name}", count=1, match={"label": name})
        ids[name] = dock.rent(name=name)
    dock_sim.advance(600)
    assert {name: dock.truth(one)["history"][-1][1] for name, one in ids.items()} == wanted
    assert dock.call("GET", f"/api/v2/instances/{ids['vanishes']}").status_code == 404


def test_a_burst_of_401_passes(dock: Dock) -> None:
    dock.fault("any.auth", count=3)
    assert [dock.call("GET", "/api/v2/instances").status_code for _ in range(4)] == [401, 401, 401, 200]


def test_at_zero_everything_stops_and_four_days_later_is_deleted(clock: ManualClock) -> None:
    with start_tensordock(clock=clock, credit=1.0) as simulator:
        dock = Dock(simulator.url)
        vm_id = dock.rent()
        rate = dock.get(vm_id)["rateHourly"]
        simulator.advance(3600 / rate + 60)
        truth = dock.truth(vm_id)
        assert truth["stage"] == "stopped"
        assert truth["history"][-1][0] - truth["created_at"] == pytest.approx(3600 / rate)
        simulator.advance(96 * 3600)
        assert dock.truth(vm_id)["gone_by"] == "credit"
