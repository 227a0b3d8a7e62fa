import os
import stat
from pathlib import Path

from local.datadir import DataDir, Note

NOTE = Note(env={"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, simulated=True)


def test_the_directory_is_made_and_is_the_owners_alone(tmp_path: Path) -> None:
    data = DataDir(str(tmp_path / "deep" / "data"))
    assert stat.S_IMODE(data.path.stat().st_mode) == 0o700


def test_only_one_can_hold_it(tmp_path: Path) -> None:
    first, second = DataDir(str(tmp_path)), DataDir(str(tmp_path))
    assert first.hold(0)
    assert not second.hold(0)
    assert second.holder() == str(os.getpid())


def test_it_is_free_again_when_the_holder_is_gone(tmp_path: Path) -> None:
    first = DataDir(str(tmp_path))
    assert first.hold(0)
    del first
    assert DataDir(str(tmp_path)).hold(0)


def test_the_note_is_read_as_it_was_left(tmp_path: Path) -> None:
    data = DataDir(str(tmp_path))
    assert data.read_note() is None
    data.note(NOTE)
    assert data.read_note() == NOTE
    assert stat.S_IMODE((tmp_path / "endpoints.json").stat().st_mode) == 0o600


def test_a_note_that_cannot_be_read_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "endpoints.json").write_text('{"env": 7}')
    assert DataDir(str(tmp_path)).read_note() is None


def test_a_new_holder_believes_no_note_of_the_one_before(tmp_path: Path) -> None:
    data = DataDir(str(tmp_path))
    data.note(NOTE)
    assert data.hold(0)
    assert data.read_note() is None


def test_forgetting_twice_does_no_harm(tmp_path: Path) -> None:
    data = DataDir(str(tmp_path))
    data.forget()
    data.forget()
