"""Metrics as CloudWatch reads them out of the log."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from chalicelib.notify.metrics import EmfMetrics, LoggedMetrics

ROOT = Path(__file__).parents[2]


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    (line,) = capsys.readouterr().out.splitlines()
    found: dict[str, object] = json.loads(line)
    return found


def test_a_number_is_one_line_with_exactly_its_own_dimensions(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "would be a dimension")
    EmfMetrics("prod").count("ReconcileCompleted", 1, provider="vastai")
    line = told(capsys)
    assert {key: line[key] for key in ("provider", "deployment", "ReconcileCompleted")} == {
        "provider": "vastai",
        "deployment": "prod",
        "ReconcileCompleted": [1.0],
    }
    assert line["_aws"]["CloudWatchMetrics"] == [  # type: ignore[index]
        {
            "Namespace": "GpuShopper",
            "Dimensions": [["provider", "deployment"]],
            "Metrics": [{"Name": "ReconcileCompleted", "Unit": "Count"}],
        }
    ]


def test_one_number_says_nothing_of_the_one_before(capsys: pytest.CaptureFixture[str]) -> None:
    metrics = EmfMetrics("prod")
    metrics.count("ReconcileCompleted", 1, provider="vastai")
    capsys.readouterr()
    metrics.count("DestroysStuck", 2, provider="tensordock")
    line = told(capsys)
    assert "ReconcileCompleted" not in line
    assert (line["provider"], line["DestroysStuck"]) == ("tensordock", [2.0])


def test_where_nobody_reads_them_nothing_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    LoggedMetrics().count("ReconcileCompleted", 1, provider="vastai")
    assert capsys.readouterr().out == ""


def test_the_formatter_is_loaded_only_when_something_is_counted() -> None:
    code = "import sys, chalicelib.notify.metrics; print('aws_lambda_powertools' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
