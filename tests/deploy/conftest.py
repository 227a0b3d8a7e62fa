"""The package as `make package` makes it, once for all tests, and the templates of both stages."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy import bundle
from deploy.names import Json
from local.engine import find_engine
from tests.deploy.stage import Rehearsal, rehearse


@pytest.fixture(scope="package", params=["prod", "dev"])
def template(request: pytest.FixtureRequest, templates: dict[str, Json]) -> Json:
    """The whole template of each stage in turn."""
    return templates[request.param]


@pytest.fixture(scope="package")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Json]:
    """By stage."""
    made = {}
    for stage in ("prod", "dev"):
        out = tmp_path_factory.mktemp(stage)
        bundle.template_only(stage, out)
        made[stage] = json.loads((out / bundle.TEMPLATE).read_text())
    return made


@pytest.fixture(scope="package")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the template and the zip of prod; skipped where Chalice cannot fetch what the code needs, or
    Lambda has no such Python."""
    out = tmp_path_factory.mktemp("package")
    try:
        bundle.package("prod", out)
    except bundle.WrongPython as error:
        pytest.skip(str(error))
    except subprocess.CalledProcessError:
        probe = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(out), "six"]
        if subprocess.run(probe, capture_output=True).returncode == 0:
            raise
        pytest.skip("no network to fetch what the package holds")
    return out


@pytest.fixture(scope="package")
def code(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip, unpacked: what Lambda runs."""
    folder = tmp_path_factory.mktemp("task")
    with zipfile.ZipFile(package / bundle.CODE) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="package")
def stack(package: Path, code: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """The package, deployed into a rehearsed AWS."""
    binary = find_engine(bundle.ROOT)
    if binary is None:
        pytest.skip("the state engine is not installed: run `npm ci`")
    with rehearse(package, code, binary, tmp_path_factory.mktemp("runtime")) as rehearsal:
        yield rehearsal


def resources(template: Json, kind: str) -> dict[str, Json]:
    """Properties by logical id."""
    found = template["Resources"].items()
    return {name: made["Properties"] for name, made in found if made["Type"] == kind}


def said(value: object) -> str:
    return json.dumps(value)
