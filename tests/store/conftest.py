"""Every implementation of the store, each test with a fresh one."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from chalicelib import settings
from chalicelib.store import Store, open_store
from chalicelib.store.table import Table
from local.engine import find_engine, start_engine
from tests.contracts.store import AnyStore
from tests.fakes.store import MemoryStore
from tests.store import dynamodb_local

ROOT = Path(__file__).parents[2]
SETTINGS = settings.load({"SHOPPER_DEPLOYMENT": "test"})


def client_of(table: Table) -> Any:
    """The botocore client below it."""
    return table._connection.connection.client


@contextmanager
def fresh_store(table: Table) -> Iterator[Store]:
    """A store with nothing in it. A new table costs less than a new client."""
    table.create()
    yield open_store(SETTINGS, table)
    table.plain.delete_table()


@pytest.fixture(autouse=True, scope="package")
def _aws_of_nobody() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        patch.setenv("AWS_ACCESS_KEY_ID", "nobody")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
        for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="package")
def engine_binary() -> Path:
    binary = find_engine(ROOT)
    if binary is None:
        reason = "the state engine is not installed: run `npm ci`"
        warnings.warn(f"NOT PROVEN on a real engine: {reason}", stacklevel=1)
        pytest.skip(reason)
    return binary


@pytest.fixture(scope="package")
def dynoxide(engine_binary: Path) -> Iterator[Table]:
    """The embedded engine."""
    engine = start_engine(engine_binary, data_file=None)
    yield Table(SETTINGS.table, engine.url)
    engine.stop()


@pytest.fixture(scope="package")
def java_engine() -> Iterator[Table]:
    """DynamoDB Local."""
    try:
        engine = dynamodb_local.start()
    except dynamodb_local.Unavailable as error:
        pytest.skip(f"no DynamoDB Local: {error}")
    yield Table(SETTINGS.table, engine.url)
    engine.stop()


@pytest.fixture(scope="module")
def moto() -> Iterator[Table]:
    """moto in this process: one caller at a time, its transactions are not isolated."""
    with mock_aws():
        yield Table(SETTINGS.table)


@pytest.fixture
def store(request: pytest.FixtureRequest) -> Iterator[AnyStore]:
    """The implementation that the test is run for, with nothing in it."""
    kind = request.param
    with nullcontext(MemoryStore()) if kind == "memory" else fresh_store(request.getfixturevalue(kind)) as fresh:
        yield fresh


@pytest.fixture
def table_store(dynoxide: Table) -> Iterator[Store]:
    """The real thing, for what only the table can show."""
    with fresh_store(dynoxide) as fresh:
        yield fresh
