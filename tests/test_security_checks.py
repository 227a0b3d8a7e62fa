"""The checks for holes and for keys: an audit that audited nothing is not a clean one, and a planted key is found."""

import importlib.util
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]


def _loaded(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"ci_{name}", ROOT / ".ci" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    return _loaded("audit")


@pytest.fixture(scope="module")
def secrets() -> ModuleType:
    return _loaded("secrets")


def _told(*dependencies: Mapping[str, object]) -> str:
    return json.dumps({"dependencies": dependencies, "fixes": []})


CLEAN = {"name": "requests", "version": "2.34.2", "vulns": []}
HOLE = {"name": "idna", "version": "3.0", "vulns": [{"id": "PYSEC-2024-60", "fix_versions": ["3.7"]}]}
SKIPPED = {"name": "msgspec", "skip_reason": "Dependency not found"}


def test_all_packages_looked_at_and_nothing_found_is_clean(audit: ModuleType) -> None:
    assert audit.verdict(_told(CLEAN, CLEAN), "", 2, strict=True) == 0


@pytest.mark.parametrize("strict", [True, False])
def test_a_known_hole_fails_whoever_insists(
    audit: ModuleType, strict: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert audit.verdict(_told(CLEAN, HOLE), "", 2, strict=strict) == 1
    assert "idna 3.0: PYSEC-2024-60" in capsys.readouterr().out


@pytest.mark.parametrize("told", ["", "not json", "{}", "[]", _told(), _told(SKIPPED, SKIPPED), _told(CLEAN, SKIPPED)])
def test_what_was_not_audited_is_told_loudly_and_fails_where_somebody_insists(
    audit: ModuleType, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert audit.verdict(told, "ERROR: no network", 2, strict=True) == 1
    assert audit.verdict(told, "ERROR: no network", 2, strict=False) == 0
    assert "NOT AUDITED" in capsys.readouterr().err


def test_the_lock_file_of_lambda_is_counted(audit: ModuleType) -> None:
    assert audit.locked() >= 10


def test_lock_files_are_left_out_and_everything_else_is_looked_at(secrets: ModuleType) -> None:
    assert not secrets.wanted("requirements/local.txt")
    assert not secrets.wanted("package-lock.json")
    for name in ("Makefile", "docs/deploy.md", "requirements/local.in", "chalicelib/log.py", "tests/world.py"):
        assert secrets.wanted(name)


def test_a_key_in_a_file_is_a_complaint_unless_it_is_a_fake_by_name(secrets: ModuleType) -> None:
    mine = secrets.Finding("chalicelib/x.py", "Private Key", 1)
    fake = secrets.Finding("tests/test_log.py", "Private Key", 54)
    assert list(secrets.judged([mine, fake])) == [mine]
