from pathlib import Path

import pytest

from local import backends
from local.datadir import DataDir, Note


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    return DataDir(str(tmp_path))


@pytest.fixture(autouse=True)
def _an_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "find_engine", lambda _: Path("dynoxide"))


def names(parts: backends.Backends) -> list[str]:
    return [child.name for child in parts.children]


def test_without_any_provider_key_the_fake_markets_run_and_are_not_courted(data: DataDir) -> None:
    parts = backends.plan({}, data)
    assert names(parts) == ["local AWS", "state engine", "vastai simulator", "tensordock simulator"]
    assert parts.note.simulated
    assert parts.note.env["VASTAI_API_URL"] == parts.children[2].url
    assert parts.note.env["TENSORDOCK_API_URL"] == parts.children[3].url
    assert float(parts.note.env["SHOPPER_VASTAI_CALL_SPACING_SECONDS"]) < 1


def test_with_one_provider_key_no_fake_market_stands_in_for_anything(data: DataDir) -> None:
    parts = backends.plan({"TENSORDOCK_API_TOKEN": "real"}, data)
    assert names(parts) == ["local AWS", "state engine"]
    assert not parts.note.simulated
    assert not [name for name in parts.note.env if name.startswith(("VASTAI", "TENSORDOCK", "SHOPPER_VASTAI"))]


def test_a_pace_that_was_asked_for_is_kept_with_fake_markets_too(data: DataDir) -> None:
    parts = backends.plan({"SHOPPER_VASTAI_CREATE_SPACING_SECONDS": "7"}, data)
    assert "SHOPPER_VASTAI_CREATE_SPACING_SECONDS" not in parts.note.env


def test_the_state_lies_in_the_data_directory(data: DataDir) -> None:
    parts = backends.plan({}, data)
    assert parts.memory is None
    assert str(data.path / "state.db") in parts.state


def test_a_given_endpoint_replaces_the_engine(data: DataDir) -> None:
    given = {"AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:4000", "AWS_ACCESS_KEY_ID": "mine"}
    parts = backends.plan(given, data)
    assert "state engine" not in names(parts)
    assert parts.note.env["AWS_ENDPOINT_URL_DYNAMODB"] == "http://127.0.0.1:4000"
    assert parts.note.env["AWS_ACCESS_KEY_ID"] == "mine"


def test_without_an_engine_the_state_is_in_memory_and_that_is_said(
    data: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backends, "find_engine", lambda _: None)
    parts = backends.plan({}, data)
    assert parts.note.env["AWS_ENDPOINT_URL_DYNAMODB"] == parts.note.env["AWS_ENDPOINT_URL"]
    assert parts.memory is parts.children[0]
    assert "MEMORY ONLY" in parts.state


def test_no_real_aws_credentials_are_used_for_the_local_cloud(data: DataDir) -> None:
    assert backends.plan({"AWS_ACCESS_KEY_ID": "AKIAREAL"}, data).note.env["AWS_ACCESS_KEY_ID"] == "local"


def test_a_second_process_is_told_where_the_first_ones_local_cloud_listens(data: DataDir) -> None:
    note = Note(env={"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, simulated=True)
    assert data.hold(0)
    data.note(note)
    assert backends.ensure({"SHOPPER_DATA_DIR": str(data.path)}) == note.env


def test_each_start_is_a_release_of_its_own_unless_one_is_named(data: DataDir) -> None:
    first, second = (backends.plan({}, data).note.env["SHOPPER_RELEASE"] for _ in range(2))
    assert first != second
    assert backends.plan({"SHOPPER_RELEASE": "7"}, data).note.env["SHOPPER_RELEASE"] == "7"
