"""What goes into the zip is made for Lambda's machine, and not for the one that packed it."""

import re
import sys
from pathlib import Path

import pytest

from deploy import bundle
from deploy.__main__ import main
from deploy.names import Json
from tests.deploy.conftest import resources

# The C library of the runtime's Amazon Linux: 2 up to Python 3.11, 2023 from 3.12 on.
GLIBC = (2, 26) if sys.version_info < (3, 12) else (2, 34)
LARGEST_ZIP = 15e6
LARGEST_UNPACKED = 250 * 1024 * 1024  # Lambda takes no more


@pytest.mark.parametrize("version", [(3, 10), (3, 14), (4, 11)])
def test_a_python_that_lambda_does_not_run_packages_nothing_and_says_so(
    version: tuple[int, int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (*version, 0, "final", 0))
    assert main(["package", "--stage", "prod", "--out", str(tmp_path / "out")]) == 1
    told = f"packaging needs Python 3.11 to 3.13, which Lambda runs, and this is {version[0]}.{version[1]}\n"
    assert capsys.readouterr().err == told
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("minor", [11, 12, 13])
def test_each_python_that_lambda_runs_may_package(minor: int) -> None:
    bundle.check_python(3, minor)


def test_the_zip_is_small_and_unpacks_within_what_lambda_takes(package: Path, code: Path) -> None:
    assert (package / bundle.CODE).stat().st_size < LARGEST_ZIP
    assert sum(file.stat().st_size for file in code.rglob("*") if file.is_file()) < LARGEST_UNPACKED


def test_compiled_code_fits_the_machine_and_the_python_of_the_runtime(template: Json, code: Path) -> None:
    python = f"python3.{sys.version_info.minor}"
    for function in resources(template, "AWS::Serverless::Function").values():
        assert (function["Runtime"], function["Architectures"]) == (python, ["x86_64"])
    libraries = list(code.rglob("*.so"))
    assert libraries
    for library in libraries:
        content = library.read_bytes()
        assert content[:5] == b"\x7fELF\x02", library  # 64 bits
        assert int.from_bytes(content[18:20], "little") == 62, library  # x86-64
        assert f".cpython-3{sys.version_info.minor}-x86_64-linux-gnu" in library.name or ".abi3" in library.name
        wanted = {tuple(map(int, found)) for found in re.findall(rb"GLIBC_(\d+)\.(\d+)", content)}
        assert max(wanted, default=(0, 0)) <= GLIBC, f"{library.name} wants a newer C library than Lambda has"


def test_byte_code_lies_beside_its_source_and_says_where_it_will_run(code: Path) -> None:
    compiled = code / "chalicelib" / "__pycache__" / f"wiring.cpython-3{sys.version_info.minor}.pyc"
    assert b"/var/task/chalicelib/wiring.py" in compiled.read_bytes()


def test_nothing_of_the_workshop_is_shipped(code: Path) -> None:
    for name in ("tests", "cli", "local", "simulators", "deploy", "bench", "boto3", "moto", ".env", ".local"):
        assert not (code / name).exists(), name


def test_without_a_region_it_is_said_what_to_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    for command in ("operator-key", "secrets", "prepare"):
        assert main([command, "--stage", "dev"]) == 1
        assert "AWS_DEFAULT_REGION" in capsys.readouterr().err
