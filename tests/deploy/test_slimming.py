"""botocore in the package: still a client for everything the functions do, and for nothing else."""

import os
import shutil
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
