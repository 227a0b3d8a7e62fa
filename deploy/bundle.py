"""The package: Chalice's, with the overlay merged in, without what no function needs, and with its byte code."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from deploy import bytecode, policies, slimming, template
from deploy.functions import FUNCTIONS
from deploy.names import Json

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE, CODE = "sam.json", "deployment.zip"

_SOURCES = ("app.py", "chalicelib", "requirements.txt", "vendor")
_UNUSED = ("bin", "*.pyi", "py.typed")
_PYTHONS = ((3, 11), (3, 13))  # the oldest and the newest that the code, Lambda and cfn-lint all know
_EPOCH = (1980, 1, 1, 0, 0, 0)  # one content, one zip, whenever it is made
_MODE = 0o644 << 16


class WrongPython(Exception):
    """What is packaged runs on the Python that packages it, and Lambda has no such."""


def package(stage: str, out: Path) -> str:
    """Fill `out` with the template and the code; returns the release, a digest of the code. Raises WrongPython."""
    check_python(*sys.version_info[:2])
    with tempfile.TemporaryDirectory() as folder:
        project = lay_out(Path(folder) / "project", stage)
        made = merged(project, stage)
        code = Path(folder) / "code"
        with zipfile.ZipFile(project / "out" / CODE) as archive:
            archive.extractall(code)
        _slim(code)
        bytecode.compile_all(code, Path("/var/task"), whole=_SOURCES)
        out.mkdir(parents=True, exist_ok=True)
        release = _pack(code, out / CODE)
        text = json.dumps(made, indent=1).replace(f"{policies.RELEASE}-${{Restart}}", f"{release}-${{Restart}}")
        (out / TEMPLATE).write_text(text + "\n")
    return release


def check_python(major: int, minor: int) -> None:
    """Chalice asks Lambda for the Python it runs on itself, known there or not. Raises WrongPython."""
    oldest, newest = _PYTHONS
    if not oldest <= (major, minor) <= newest:
        known = " to ".join(f"{known[0]}.{known[1]}" for known in _PYTHONS)
        raise WrongPython(f"packaging needs Python {known}, which Lambda runs, and this is {major}.{minor}")


def template_only(stage: str, out: Path) -> None:
    """The template without the code, for those who only read it; asks no network."""
    with tempfile.TemporaryDirectory() as folder:
        project = lay_out(Path(folder) / "project", stage)
        (project / "requirements.txt").write_text("")
        made = merged(project, stage)
    out.mkdir(parents=True, exist_ok=True)
    (out / TEMPLATE).write_text(json.dumps(made, indent=1) + "\n")


def lay_out(project: Path, stage: str) -> Path:
    """A clean copy for Chalice, which packs whatever lies below chalicelib/ and compiles what it imports."""
    project.mkdir()
    for name in _SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, project / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy(source, project / name)
    chalice = project / ".chalice"
    chalice.mkdir()
    (chalice / "config.json").write_text(json.dumps(configuration(stage)))
    for name in FUNCTIONS:
        (chalice / f"policy-{name}.json").write_text(json.dumps(policies.policy(name, stage)))
    return project


def merged(project: Path, stage: str) -> Json:
    """Let Chalice package the project into its `out`; returns the whole template."""
    overlay = project / "overlay.json"
    overlay.write_text(json.dumps(template.overlay(stage)))
    environ = {
        **os.environ,
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_DEFAULT_REGION": os.environ.get("AWS_DEFAULT_REGION", "us-east-1"),  # wanted, and not used
    }
    program = "import sys; from chalice.cli import main; sys.exit(main())"
    arguments = ("package", "--stage", stage, "--merge-template", str(overlay), "out")
    subprocess.run([sys.executable, "-c", program, *arguments], cwd=project, env=environ, check=True)
    made: Json = json.loads((project / "out" / TEMPLATE).read_text())
    return made


def configuration(stage: str) -> Json:
    """Chalice's settings for this stage: the project's own, and each function's size and role."""
    settings: Json = json.loads((ROOT / ".chalice" / "config.json").read_text())
    settings["stages"] = {
        stage: {
            **settings["stages"][stage],
            "api_gateway_endpoint_type": "REGIONAL",
            "lambda_functions": {
                name: {
                    "lambda_memory_size": function.memory,
                    "lambda_timeout": function.timeout,
                    "iam_policy_file": f"policy-{name}.json",
                }
                for name, function in FUNCTIONS.items()
            },
        }
    }
    return settings


def _slim(code: Path) -> None:
    slimming.spare(code)
    for pattern in _UNUSED:
        for found in list(code.rglob(pattern)):
            shutil.rmtree(found) if found.is_dir() else found.unlink()


def _pack(code: Path, archive: Path) -> str:
    files = sorted(path for path in code.rglob("*") if path.is_file())
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as made:
        for path in files:
            entry = zipfile.ZipInfo(str(path.relative_to(code)), _EPOCH)
            entry.external_attr = _MODE
            entry.compress_type = zipfile.ZIP_DEFLATED
            made.writestr(entry, path.read_bytes())
    return hashlib.sha256(archive.read_bytes()).hexdigest()[:12]
