"""The market's own command line, as its users install it, works against the simulator and believes it."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from simulators import ManualClock, Simulator
from simulators.vastai.market import VastMarket
from tests.simulators.support import Vast
from tests.simulators.venvs import environment

COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Cli:
    """`vastai …` with a home of its own, pointed at the simulator."""

    def __init__(self, program: Path, url: str, home: Path) -> None:
        self._program = program
        self._env = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "VAST_URL": url,
            "VAST_API_KEY": "sim-key",
            "VASTAI_NO_UPDATE_CHECK": "1",
            "COLUMNS": "250",
            "PYTHONIOENCODING": "utf-8",
        }

    def __call__(self, *args: str) -> str:
        run = subprocess.run(
            [str(self._program), *args], env=self._env, capture_output=True, text=True, timeout=60, check=False
        )
        assert "Traceback" not in run.stderr, run.stderr
        return COLOURS.sub("", run.stdout if run.stdout.strip() else run.stderr)

    def raw(self, *args: str) -> Any:
        return json.loads(self(*args, "--raw"))


@pytest.fixture(scope="session")
def program() -> Path:
    return environment("vastai") / "bin" / "vastai"


@pytest.fixture
def cli(program: Path, vast_sim: Simulator[VastMarket], tmp_path: Path) -> Cli:
    return Cli(program, vast_sim.url, tmp_path)


def test_a_search_prints_the_cheapest_offers_of_the_market(cli: Cli, vast: Vast) -> None:
    query = ("search", "offers", "gpu_name=RTX_4090 num_gpus=1", "--order", "dph", "--limit", "3", "--storage", "5")
    expected = vast.search(
        gpu_name={"eq": "RTX 4090"},
        num_gpus={"eq": 1},
        verified={"eq": True},
        allocated_storage=5.0,
        order=[["dph_total", "asc"]],
        limit=3,
    )
    assert len(expected) == 3
    assert cli.raw(*query) == expected
    table = cli(*query).replace("NV Driver", "NV_Driver")
    header, *rows = [line.split() for line in table.splitlines() if line.strip()]
    assert [word for word in header if word in ("ID", "Model", "$/hr")] == ["ID", "Model", "$/hr"]
    for row, offer in zip(rows, expected, strict=True):
        told = dict(zip(header, row, strict=True))
        assert (told["ID"], told["Model"]) == (str(offer["id"]), "RTX_4090")
        assert told["$/hr"] == f"{offer['dph_total']:.4f}"


def test_the_new_search_route_and_bids_work_too(cli: Cli) -> None:
    rows = cli.raw("search", "offers", "--new", "-i", "num_gpus>=2", "--limit", "5")
    assert len(rows) == 5
    assert all(row["is_bid"] and row["num_gpus"] >= 2 for row in rows)


def test_a_life_from_create_to_destroy(cli: Cli, vast: Vast, clock: ManualClock) -> None:
    offer = cli.raw("search", "offers", "num_gpus=1", "--order", "dph", "--limit", "1")[0]
    said = cli("create", "instance", str(offer["id"]), "--image", "pytorch/pytorch", "--disk", "20",
               "--ssh", "--direct", "--label", "my label", "--env", "-e A=b -p 8080:8080")  # fmt: skip
    assert said.startswith("Started. {'success': True, 'new_contract': ")
    instance = re.findall(r"'new_contract': (\d+)", said)[0]
    truth = vast.truth(instance)
    assert (truth["label"], truth["disk"], truth["image"]) == ("my label", 20.0, "pytorch/pytorch")
    assert dict(truth["env"]) == {"A": "b", "-p 8080:8080": "1"}
    clock.advance(60)

    table = cli("show", "instances")
    assert "Total: 1 instances" in table
    assert all(word in table for word in (instance, "running", "my label", "pytorch/pytorch"))
    (row,) = cli.raw("show", "instances")
    assert (row["actual_status"], row["extra_env"]["A"]) == ("running", "b")
    one = cli.raw("show", "instance", instance)
    assert {one[key] == row[key] for key in ("id", "label", "dph_total", "ssh_port", "machine_id")} == {True}
    assert cli("ssh-url", instance).strip() == f"ssh://root@127.0.0.1:{truth['ssh']['port']}"

    assert cli("label", "instance", instance, "other").strip() == f"label for {instance} set to other."
    assert vast.truth(instance)["label"] == "other"
    assert cli("stop", "instance", instance).strip() == f"stopping instance {instance}."
    clock.advance(5)
    assert vast.get(int(instance))["actual_status"] == "exited"
    assert cli("start", "instance", instance).strip() == f"starting instance {instance}."
    clock.advance(3600)
    assert vast.get(int(instance))["actual_status"] == "running"

    assert cli("destroy", "instance", instance, "-y").strip() == f"destroying instance {instance}."
    truth = vast.truth(instance)
    assert (truth["alive"], truth["gone_by"], truth["label"]) == (False, "destroyed", "other")
    assert truth["seconds"]["disk"] == pytest.approx(3665)
    assert truth["seconds"]["gpu"] < 3665
    books = vast.json("GET", "/_sim/books")
    assert (books["live"], books["burn_per_hour"]) == (0, 0)
    assert books["spent"] == pytest.approx(truth["cost"])
    assert "not found" in cli("show", "instance", instance)
    assert "Instance" in cli("destroy", "instance", instance, "-y")
    calls = vast.json("GET", "/_sim/calls")["counts"]
    assert calls["PUT /api/v0/asks/{id} 200"] == 1
    assert calls["DELETE /api/v0/instances/{id} 404"] == 1


def test_keys_credit_and_logs(cli: Cli, vast: Vast) -> None:
    cli("create", "ssh-key", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB me@here")
    assert [key["public_key"] for key in cli.raw("show", "ssh-keys")] == [
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB me@here"
    ]
    instance = vast.rent()
    cli("attach", "ssh", str(instance), "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC me@there")
    assert [key[-8:] for key in vast.truth(instance)["ssh_keys"]] == [" me@here", "me@there"]
    assert cli.raw("show", "user")["credit"] == pytest.approx(100.0)
    assert "scheduled" in cli("logs", str(instance))


def test_the_destroy_of_many_and_the_prompt(cli: Cli, vast: Vast) -> None:
    ids = [vast.rent() for _ in range(3)]
    assert "Aborted" in cli("destroy", "instance", str(ids[0]))
    assert vast.truth(ids[0])["alive"]
    cli("destroy", "instances", *map(str, ids), "-y")
    assert not any(vast.truth(one)["alive"] for one in ids)


def test_a_list_of_more_than_one_page_is_read_whole(cli: Cli, vast: Vast) -> None:
    ids = {vast.rent() for _ in range(27)}
    assert {row["id"] for row in cli.raw("show", "instances")} == ids


# The next two are what the comparison in README.md says of the market's own client.


@pytest.mark.parametrize(("status", "calls"), [(500, 1), (502, 3), (503, 3)])
def test_after_a_lost_answer_to_a_create_it_says_failed_while_the_machine_lives(
    cli: Cli, vast: Vast, status: int, calls: int
) -> None:
    offer = cli.raw("search", "offers", "num_gpus=1", "--order", "dph", "--limit", "1")[0]
    vast.fault("create.error", count=2, params={"effect": True, "status": status})
    said = cli("create", "instance", str(offer["id"]), "--image", "pytorch/pytorch", "--disk", "20")
    assert said.startswith("Failed with error")
    machines = vast.json("GET", "/_sim/machines")["machines"]
    assert [machine["alive"] for machine in machines] == [True]
    counts = vast.json("GET", "/_sim/calls")["counts"]
    assert sum(count for call, count in counts.items() if call.startswith("PUT /api/v0/asks")) == calls


def test_of_a_destroy_that_did_nothing_it_says_that_it_destroys(cli: Cli, vast: Vast) -> None:
    instance = vast.rent()
    vast.fault("destroy.ignored")
    assert cli("destroy", "instance", str(instance), "-y").strip() == f"destroying instance {instance}."
    assert vast.truth(instance)["alive"]
