"""Each rule of `.ci/rules.py` catches the mistake it is for, and lets its neighbour pass."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def rules() -> ModuleType:
    spec = importlib.util.spec_from_file_location("house_rules", ROOT / ".ci" / "rules.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _house(folder: Path, file: str, code: str) -> Path:
    """A house with one file of ours in it."""
    for name in ("chalicelib", "cli", "deploy"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "app.py").touch()
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text(code)
    return folder


@pytest.mark.parametrize(
    ("rule", "file", "code"),
    [
        ("clock", "chalicelib/usecases/x.py", "import time\nnow = time.time()"),
        ("clock", "chalicelib/domain/x.py", "from datetime import datetime, UTC\nnow = datetime.now(UTC)"),
        ("clock", "chalicelib/domain/x.py", "import datetime as d\nd.date.today()"),
        ("clock", "chalicelib/sweeps/x.py", "from time import sleep as wait\nwait(1)"),
        ("clock", "app.py", "import time\ndef wait(pause=time.sleep): pause(1)"),
        ("randomness", "chalicelib/usecases/x.py", "import random"),
        ("randomness", "chalicelib/api/x.py", "from uuid import uuid4"),
        ("randomness", "chalicelib/domain/x.py", "import os\nos.urandom(8)"),
        ("network", "chalicelib/usecases/x.py", "import requests"),
        ("network", "chalicelib/api/x.py", "def f():\n    from botocore.session import get_session"),
        ("network", "chalicelib/domain/x.py", "import urllib.request"),
        ("environment", "chalicelib/usecases/x.py", "import os\nos.environ['A']"),
        ("environment", "chalicelib/store/x.py", "from os import getenv"),
        ("final state", "chalicelib/usecases/x.py", "status = Status.FAILED"),
        ("final state", "chalicelib/usecases/x.py", "import msgspec\nmsgspec.structs.replace(session, status=s)"),
        ("final state", "chalicelib/domain/session.py", "def run(session):\n    return Status.TERMINATED"),
        ("compared", "chalicelib/api/x.py", "def f(record, given): return record.digest == given"),
        ("compared", "chalicelib/domain/x.py", "def f(a, b): return a != make_digest(b)"),
        ("compared", "cli/x.py", "def f(token, row): return row['x'] == token"),
        ("swallowed", "chalicelib/providers/x.py", "def f():\n  try: return g()\n  except OSError: return []"),
        (
            "swallowed",
            "cli/x.py",
            "def f():\n try: g()\n except OSError:\n  if h(): return list()\n  raise",
        ),
        ("swallowed", "chalicelib/providers/x.py", "def f():\n  try: return g()\n  except OSError: return ()"),
    ],
)
def test_a_planted_mistake_is_found(rules: ModuleType, tmp_path: Path, rule: str, file: str, code: str) -> None:
    complaints, _ = rules.judge(_house(tmp_path, file, code))
    assert {one.rule for one in complaints} == {rule}, complaints
    assert {one.place for one in complaints} == {file}


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("chalicelib/usecases/x.py", "def f(ports): return ports.clock.now()"),
        ("chalicelib/domain/x.py", "from datetime import UTC, datetime\ndatetime.fromtimestamp(1, UTC)"),
        ("chalicelib/providers/x.py", "import requests\nrequests.Session()"),
        ("chalicelib/usecases/x.py", "if status in FINAL: pass"),
        ("chalicelib/usecases/x.py", "import msgspec\nmsgspec.structs.replace(session, version=2)"),
        ("chalicelib/providers/x.py", "if phase is Phase.FAILED: pass"),
        ("chalicelib/api/x.py", "import hmac\ndef f(record, given): return hmac.compare_digest(record.digest, given)"),
        ("chalicelib/api/x.py", "def f(token): return token == ''"),
        (
            "chalicelib/providers/x.py",
            "def f():\n  try: g()\n  except OSError as e: raise ListIncomplete from e",
        ),
        ("chalicelib/providers/x.py", "def f():\n  try: return g()\n  except OSError: return (None, 'down')"),
        ("cli/x.py", "import time, os\ntime.sleep(1); os.environ"),
    ],
)
def test_its_neighbour_passes(rules: ModuleType, tmp_path: Path, file: str, code: str) -> None:
    assert rules.judge(_house(tmp_path, file, code))[0] == []


def test_an_exception_that_nothing_needs_is_told(rules: ModuleType, tmp_path: Path) -> None:
    _, idle = rules.judge(_house(tmp_path, "chalicelib/wiring.py", "import time\ntime.time()"))
    assert ("clock", "chalicelib/wiring.py") not in idle
    assert ("environment", "chalicelib/wiring.py") in idle


def test_this_house_keeps_them(rules: ModuleType) -> None:
    assert rules.judge(ROOT) == ([], [])
