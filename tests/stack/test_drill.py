"""A short drill on the whole local stack: every fault is survived, and nobody else's machine is touched."""

from pathlib import Path

import pytest

from local.drill.__main__ import drill
from local.drill.board import Progress

pytestmark = pytest.mark.stack


def test_a_short_drill_survives_everything_and_touches_nothing_foreign(tmp_path: Path) -> None:
    score = drill(tmp_path / "data", quick=True, progress=Progress())
    assert [row for row in score.rows if not row.survived] == []
    figures = score.figures()
    assert figures["survived"] == figures["faults"] >= 8
    assert (figures["left_alive"], figures["foreign_machines"], figures["foreign_machines_touched"]) == (0, 4, 0)
    assert 0 < figures["dollars_billed_after_due"] < 0.01
    assert figures["longest_alive_after_due_seconds"] < 60
