"""The page for the night names every alert there is, and every metric that an alarm may ring for."""

import re
from pathlib import Path

import pytest

from chalicelib.domain.alert import Kind
from deploy import alarms

ROOT = Path(__file__).parents[1]
ALARM = "AWS::CloudWatch::Alarm"
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


def test_every_kind_of_alert_is_made_somewhere() -> None:
    code = "".join(path.read_text("utf-8") for path in (ROOT / "chalicelib").rglob("*.py"))
    assert {
        kind for kind in Kind if f"kind=Kind.{kind.name}," not in code and f" Kind.{kind.name}," not in code
    } == set()


def test_every_alarm_of_the_template_says_what_to_do() -> None:
    made = [each["Properties"]["AlarmName"] for each in alarms.resources("prod").values() if each["Type"] == ALARM]
    page = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    told = [re.compile(re.sub(r"<\w+>", r"[\\w-]+", name)) for name in re.findall(r"`([a-z0-9<>-]+)`", page)]
    assert made
    assert [name for name in made if not any(each.fullmatch(name.removeprefix("shopper-prod-")) for each in told)] == []
