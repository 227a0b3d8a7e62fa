"""`prices`: what cards cost lately."""

from typing import Any

import pytest

from cli.commands.prices import bars
from tests.cli.conftest import Run
from tests.cli.stub import Stub


def a_series(gpu: str = "H100 SXM", **changes: object) -> dict[str, Any]:
    points = [
        {"at": f"2026-11-2{day}T00:00:00.000Z", "lowest": 1.9, "median": median, "offers": 12}
        for day, median in ((7, 2.1), (8, 2.6), (9, 2.3))
    ]
    series = {
        "gpu": gpu, "vram_gb": 80.0, "provider": "vastai", "spot": False, "lowest": 1.9, "median": 2.3,
        "latest": points[-1], "points": points,
    }  # fmt: skip
    return series | changes


def test_every_filter_is_a_query_parameter_the_service_knows(stub: Stub, run: Run) -> None:
    stub.lists("/prices", "prices", [a_series()])
    ran = run("prices", "--gpu", "h100", "--provider", "vastai", "--no-spot", "--days", "3", "--by", "hour")
    assert ran.code == 0, ran.err
    assert stub.asked[0].query[:5] == [
        ("gpu", "h100"), ("provider", "vastai"), ("spot", "false"), ("days", "3"), ("step", "hour"),
    ]  # fmt: skip


def test_piped_it_is_a_table_with_the_medians_as_numbers(stub: Stub, run: Run) -> None:
    stub.lists("/prices", "prices", [a_series(), a_series("RTX 4090", vram_gb=None)])
    head, first, second = run("prices").out.splitlines()
    assert head.split("\t")[-2:] == ["USUAL", "TREND"]
    assert first == "H100 SXM\t80\tvastai\tno\t1.900\t2.300\t12\t1.900\t2.300\t2.100,2.600,2.300"
    assert second.split("\t")[:2] == ["RTX 4090", "-"]


def test_on_a_terminal_the_medians_are_drawn(stub: Stub, typed: Run) -> None:
    stub.lists("/prices", "prices", [a_series()])
    _, row = typed("prices").out.splitlines()
    assert "▁█▄" in row


def test_before_any_hour_was_noted_that_is_said(stub: Stub, typed: Run) -> None:
    stub.lists("/prices", "prices", [])
    ran = typed("prices")
    assert (ran.code, ran.out) == (0, "")
    assert "once an hour" in ran.err


@pytest.mark.parametrize(("values", "drawn"), [([1.0], "▅"), ([2.0, 2.0], "▅▅"), ([1, 2, 3, 8], "▁▂▃█")])
def test_bars_stand_between_the_least_and_the_most(values: list[float], drawn: str) -> None:
    assert bars(values) == drawn
