"""The admin routes tell the truth and move the market."""

import pytest

from simulators import ManualClock, Simulator
from simulators.vastai.market import VastMarket
from tests.simulators.support import Vast, ssh_answers


def test_calls_are_counted_and_creates_and_destroys_logged(vast: Vast, clock: ManualClock) -> None:
    offer = vast.search()[0]["id"]
    instance = vast.rent(offer, label="mine")
    vast.destroy(instance)
    vast.destroy(instance)
    calls = vast.json("GET", "/_sim/calls")
    assert calls["counts"]["PUT /api/v0/asks/{id} 200"] == 1
    assert [(one["op"], one["outcome"]) for one in calls["log"]] == [
        ("create", "200"),
        ("destroy", "200"),
        ("destroy", "404"),
    ]
    assert {one["label"] for one in calls["log"]} == {"mine"}
    assert calls["log"][0]["at"] == clock.now()


def test_the_clock_moves_over_http(vast: Vast) -> None:
    instance = vast.rent()
    vast.json("POST", "/_sim/clock", {"advance": 3600})
    assert vast.get(instance)["actual_status"] == "running"


def test_foreign_machines_are_in_the_account_and_cost_it(vast: Vast) -> None:
    foreign = vast.json("POST", "/_sim/machines", {"label": "somebody"})
    assert foreign["foreign"] is True
    assert [row["label"] for row in vast.list()["instances"]] == ["somebody"]
    assert vast.json("GET", "/_sim/books")["burn_per_hour"] > 0


def test_machines_can_be_made_to_stop_vanish_and_change_their_label(
    vast: Vast, vast_sim: Simulator[VastMarket]
) -> None:
    stopped, vanished, relabelled = (vast.rent() for _ in range(3))
    vast_sim.advance(60)
    vast.json("POST", f"/_sim/machines/{stopped}/stop")
    vast.json("POST", f"/_sim/machines/{vanished}/vanish")
    vast.json("POST", f"/_sim/machines/{relabelled}/relabel", {"label": "else"})
    assert vast.get(stopped)["actual_status"] == "exited"
    assert vast.get(vanished) is None
    assert vast.get(relabelled)["label"] == "else"


def test_ssh_can_be_cut_and_restored(vast: Vast, vast_sim: Simulator[VastMarket]) -> None:
    instance = vast.rent()
    vast_sim.advance(60)
    port = vast.truth(instance)["ssh"]["port"]
    vast.json("POST", f"/_sim/machines/{instance}/ssh_off")
    assert not ssh_answers(port)
    vast.json("POST", f"/_sim/machines/{instance}/ssh_on")
    assert ssh_answers(port)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/_sim/faults", {"name": "no.such"}, 400),
        ("/_sim/options", {"no_such": 1}, 400),
        ("/_sim/options", {"boot_seconds": "soon"}, 400),
        ("/_sim/machines/1/stop", {}, 404),
        ("/_sim/nothing", {}, 404),
    ],
)
def test_mistakes_are_told(vast: Vast, path: str, body: dict[str, object], status: int) -> None:
    response = vast.call("POST", path, body)
    assert response.status_code == status
    assert response.json()["error"]
