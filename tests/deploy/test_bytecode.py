"""The byte code in the package: what stands in it, and that Python takes it as it is."""

import ast
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from deploy import bytecode

THEIRS = '''"""What it is."""
from __future__ import annotations


class Empty:
    """Only words."""


class Kept:
    """Words."""

    size: int = 3

    def twice(self, number: int, *more: str, sure: bool = True, **rest: object) -> int:
        """Twice."""
        return number * 2


async def later(what: Unknown) -> Unknown:
    """Only words."""


def broken() -> None:
    """Words."""
    "no docstring"
    raise ValueError
'''


@pytest.fixture
def module() -> Any:
    made = ModuleType("theirs")
    exec(compile(bytecode.lean(ast.parse(THEIRS)), "theirs.py", "exec", dont_inherit=True), made.__dict__)
    return made


def test_docstrings_and_annotations_of_functions_are_left_out(module: Any) -> None:
    of_all = (module, module.Empty, module.Kept, module.Kept.twice, module.later, module.broken)
    assert [one.__doc__ for one in of_all] == [None] * 6
    assert [one.__annotations__ for one in of_all[3:]] == [{}] * 3


def test_what_a_class_says_of_its_fields_stays(module: Any) -> None:
    assert module.Kept.__annotations__ == {"size": "int"}
    assert module.Kept().twice(4, "a", sure=False, x=1) == 8


def test_a_traceback_names_the_lines_of_the_source(module: Any) -> None:
    with pytest.raises(ValueError) as caught:
        module.broken()
    assert THEIRS.splitlines()[caught.traceback[-1].lineno].strip() == "raise ValueError"


def test_our_own_words_stay_and_python_takes_the_byte_code_without_a_look_at_the_source(tmp_path: Path) -> None:
    for name in ("theirs", "ours"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text('"""Words."""\nNUMBER = 7\n')
    bytecode.compile_all(tmp_path, tmp_path, whole={"ours"})
    for source in tmp_path.rglob("*.py"):
        source.write_text("raise SystemExit('compiled anew')\n")
    program = "import ours, theirs; print(ours.__doc__, theirs.__doc__, ours.NUMBER + theirs.NUMBER)"
    told = subprocess.run(
        [sys.executable, "-B", "-c", program], cwd=tmp_path, check=True, timeout=60, capture_output=True, text=True
    )
    assert told.stdout.split() == ["Words.", "None", "14"]
