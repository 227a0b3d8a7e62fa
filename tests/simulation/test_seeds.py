"""Fresh fixed seeds, and every seed that ever broke something, break no invariant."""

import os
from collections.abc import Iterable
from multiprocessing import get_context
from pathlib import Path

import pytest

from tests.simulation.due import LAYERS
from tests.simulation.figures import Figures, share
from tests.simulation.seed import Result, run
from tests.simulation.wire import Wire

Task = tuple[int, str, tuple[str, ...], Wire]
KEPT = Path(__file__).with_name("regression_seeds.txt")


def kept() -> list[Task]:
    tasks: list[Task] = []
    for line in KEPT.read_text("utf-8").splitlines():
        words = line.partition("#")[0].split()
        if words:
            seed, wish, layers, *http = words
            named = () if layers == "all" else tuple(layers.split(","))
            tasks.append((int(seed), wish, named, "all" if http else "none"))
    return tasks


def one(task: Task) -> Result:
    seed, wish, layers, wire = task
    return run(seed, wish=wish, layers=layers, wire=wire)


def figures(tasks: Iterable[Task]) -> Figures:
    found = Figures()
    with get_context("fork").Pool(min(4, os.cpu_count() or 1)) as pool:
        for result in pool.imap_unordered(one, tasks, chunksize=2):
            found.add(result)
    return found


def test_three_hundred_seeds_break_nothing() -> None:
    found = figures((seed, "mixed", (), "tenth") for seed in range(10_000, 10_300))
    assert found.failures == []
    assert float(share(found.lateness, 15 * 60).split()[0]) >= 99.9
    assert abs(found.drift("billed")) <= 0.005


def test_seeds_that_once_broke_something_do_not_any_more() -> None:
    assert figures(kept()).failures == []


@pytest.mark.parametrize("layer", LAYERS)
def test_each_layer_alone_ends_what_is_its_to_end(layer: str) -> None:
    assert figures((seed, "mixed", (layer,), "tenth") for seed in range(20_000, 20_020)).failures == []


@pytest.mark.parametrize("wish", ["off", "high"])
def test_worlds_without_faults_and_with_all_of_them_at_once_hold(wish: str) -> None:
    assert figures((seed, wish, (), "tenth") for seed in range(30_000, 30_008)).failures == []
