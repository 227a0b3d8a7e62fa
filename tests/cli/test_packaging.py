"""What is installed is all that the command line needs."""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = set(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["packages"])


def test_every_package_of_the_command_line_is_installed() -> None:
    folders = {path.parent.relative_to(ROOT) for path in (ROOT / "cli").rglob("__init__.py")}
    assert {".".join(folder.parts) for folder in folders} == {name for name in PACKAGES if name.startswith("cli")}


def test_so_is_every_package_of_the_service_that_it_imports() -> None:
    files = (path.relative_to(ROOT).with_suffix("").parts for path in (ROOT / "cli").rglob("*.py"))
    modules = [".".join(parts) for parts in files if parts[-1] != "__init__" and parts[:2] != ("cli", "mcp")]
    code = f"import sys, importlib\nfor name in {modules!r}: importlib.import_module(name)\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name for name in done.stdout.split() if name.split(".")[0] == "chalicelib"}
    packages = {name for name in loaded if (ROOT / Path(*name.split("."))).is_dir()}
    assert packages
    assert packages <= PACKAGES
