"""`drill` hands over to the checkout's own drill, or says that there is none."""

import os
from pathlib import Path

import pytest

from cli.commands import drill
from tests.cli.conftest import Run

ROOT = Path(__file__).parents[2]


class Became(BaseException):
    """What the process turned into."""


def test_in_a_checkout_it_becomes_the_drill(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def become(path: str, argv: list[str]) -> None:
        raise Became(Path.cwd(), argv[1:])

    monkeypatch.chdir("/")
    monkeypatch.setattr(os, "execv", become)
    with pytest.raises(Became) as became:
        run("drill", "--quick", "--json")
    assert became.value.args == (ROOT, ["-m", "local.drill", "--quick", "--json"])


def test_installed_alone_it_says_where_the_drill_is(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(drill, "__file__", str(tmp_path / "cli" / "commands" / "drill.py"))
    ran = run("drill")
    assert ran.code == 1
    assert "run it in a checkout" in ran.err
