"""The page for the night names every alert there is, and every metric that an alarm may ring for."""

import re
from pathlib import Path

import pytest

from chalicelib.domain.alert import Kind

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "operations.md").read_text("utf-8")


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_of_alert_says_what_to_do_at_night(kind: Kind) -> None:
    row = next((line for line in PAGE.splitlines() if line.startswith(f"| `{kind.value}` |")), None)
    assert row is not None, kind
    meaning, action = row.split("|")[2:4]
    assert meaning.strip()
    assert action.strip()


def test_every_metric_that_is_counted_is_explained() -> None:
    counted = set()
    for path in (ROOT / "chalicelib").rglob("*.py"):
        counted |= set(re.findall(r'metrics\.count\(\s*"(\w+)"', path.read_text("utf-8")))
    assert counted >= {"ReconcileCompleted", "JanitorCompleted", "DestroysStuck"}
    assert {name for name in counted if f"| `{name}` |" not in PAGE} == set()
