"""botocore in the package: still a client for everything the functions do, and for nothing else."""

import importlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import botocore
import pytest
from botocore.loaders import Loader
from botocore.session import Session

from deploy import slimming


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("botocore") / "data"
    shutil.copytree(Path(botocore.__file__).parent / "data", folder)
    slimming.slim(folder)
    return folder


def _session(data: Path) -> Session:
    session = Session()
    loader = Loader(extra_search_paths=[str(data)], include_default_search_paths=False)
    session.register_component("data_loader", loader)
    return session


@pytest.mark.parametrize(
    ("service", "operations"),
    [
        ("dynamodb", {"GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem", "TransactWriteItems"}),
        ("sqs", {"SendMessage"}),
        ("sns", {"Publish", "Subscribe", "Unsubscribe"}),
    ],
)
def test_a_client_can_do_all_that_the_functions_do(data: Path, service: str, operations: set[str]) -> None:
    client = _session(data).create_client(
        service, region_name="eu-central-1", aws_access_key_id="nobody", aws_secret_access_key="nothing"
    )
    assert operations <= set(client.meta.service_model.operation_names)
    assert client.meta.endpoint_url.startswith("https://")
    assert "eu-central-1" in client.meta.endpoint_url
    for name in operations:  # every shape that it leads to is there
        operation = client.meta.service_model.operation_model(name)
        assert operation.input_shape.members
        assert operation.output_shape is None or operation.output_shape.members is not None


def test_what_no_role_may_do_is_not_described(data: Path) -> None:
    model = Loader(extra_search_paths=[str(data)], include_default_search_paths=False)
    known = model.load_service_model("dynamodb", "service-2")["operations"]
    assert "DeleteTable" not in known
    assert "CreateBackup" not in known
    with pytest.raises(Exception, match="ssm"):
        model.load_service_model("ssm", "service-2")


def test_it_is_a_small_part_of_what_it_was(data: Path) -> None:
    size = sum(file.stat().st_size for folder, _, files in os.walk(data) for file in map(Path(folder).joinpath, files))
    assert size < 300_000


def _imported_of(room: str) -> set[str]:
    """What the packages import of it, from outside of it."""
    package, _, inner = room.partition("/")
    root = Path(importlib.import_module(package).__file__ or "").parent
    wanted = re.compile(rf"^\s*from (?:{package}\.|\.+){inner}(?:\.(\w+))? import (\w+|\()", re.MULTILINE)
    found: set[str] = set()
    for file in root.rglob("*.py"):
        if root / inner not in file.parents:
            found |= {inside or name for inside, name in wanted.findall(file.read_text())}
    return found


@pytest.mark.parametrize("room", [folder for folder in slimming.REPLACED if "/" in folder])
def test_all_that_is_imported_of_a_replaced_folder_is_still_in_it(room: str) -> None:
    there = {name.removesuffix(".py") for name in slimming.REPLACED[room]}
    imported = _imported_of(room)
    assert imported
    assert imported <= there


def _told(folder: Path, program: str) -> str:
    """What it prints, with the spared packages before the installed ones."""
    for name in ("botocore", "urllib3", "requests", "charset_normalizer"):
        shutil.copytree(Path(importlib.import_module(name).__file__ or "").parent, folder / name)
    slimming.spare(folder)
    told = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env={**os.environ, "PYTHONPATH": str(folder)},
        check=True,
        timeout=60,
        capture_output=True,
        text=True,
    )
    return told.stdout


def test_a_client_made_without_writers_of_documentation_has_all_its_methods(tmp_path: Path) -> None:
    program = """
import botocore.session, urllib3.connection, sys
client = botocore.session.Session().create_client(
    "dynamodb", region_name="eu-central-1", aws_access_key_id="nobody", aws_secret_access_key="nothing"
)
assert callable(client.get_item) and client.get_item.__doc__ == ""
assert urllib3.connection.HTTPSConnection
assert not {"importlib.metadata", "html.parser"} & set(sys.modules)
print(botocore.__file__)
"""
    assert _told(tmp_path, program).startswith(str(tmp_path))


def test_requests_without_guesses_of_encodings_warns_of_nothing_and_reads_texts(tmp_path: Path) -> None:
    program = """
import requests, charset_normalizer, sys
answer = requests.Response()
answer._content = "käse".encode()
assert answer.apparent_encoding is None
assert answer.text == "käse"
assert not {"charset_normalizer.api", "charset_normalizer.md"} & set(sys.modules)
print(charset_normalizer.__file__)
"""
    assert _told(tmp_path, program).startswith(str(tmp_path))
