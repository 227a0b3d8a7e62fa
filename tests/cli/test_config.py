"""Server and key: which place wins, and who never gets to see the key."""

from pathlib import Path

import pytest

from cli.config import DEFAULT_URL, load
from cli.errors import UsageError


@pytest.fixture
def written(home: Path) -> Path:
    """Where config.toml belongs."""
    path = home / ".config" / "gpu-shopper" / "config.toml"
    path.parent.mkdir(parents=True)
    return path


def _write(path: Path, text: str, mode: int = 0o600) -> None:
    path.write_text(text)
    path.chmod(mode)


def test_with_nothing_set_the_local_service_is_asked_without_a_key(home: Path) -> None:
    config = load({})
    assert (config.url, config.key) == (DEFAULT_URL, None)


def test_the_option_wins_over_the_environment_and_that_over_the_file(written: Path) -> None:
    _write(written, 'url = "https://file.test"\nkey = "gs_file"\nssh_key = "~/.ssh/work.pub"\n')
    assert load({}).url == "https://file.test"
    assert load({}).key == "gs_file"
    assert load({}).ssh_key == Path.home() / ".ssh" / "work.pub"
    environ = {"GPU_SHOPPER_URL": "https://env.test/", "GPU_SHOPPER_KEY": "gs_env"}
    assert (load(environ).url, load(environ).key) == ("https://env.test", "gs_env")
    assert load(environ, "https://option.test").url == "https://option.test"


def test_the_files_key_is_not_sent_to_another_server_than_the_files(written: Path) -> None:
    _write(written, 'url = "https://file.test"\nkey = "gs_file"\n')
    config = load({}, "https://other.test")
    assert config.key is None
    assert "is for https://file.test" in config.no_key


def test_a_key_without_a_url_in_the_file_goes_wherever_one_asks(written: Path) -> None:
    _write(written, 'key = "gs_file"\n')
    assert load({}, "https://other.test").key == "gs_file"


def test_xdg_config_home_is_honoured(home: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "xdg"
    (elsewhere / "gpu-shopper").mkdir(parents=True)
    _write(elsewhere / "gpu-shopper" / "config.toml", 'url = "https://xdg.test"')
    assert load({"XDG_CONFIG_HOME": str(elsewhere)}).url == "https://xdg.test"


def test_a_key_that_others_can_read_is_warned_about(written: Path) -> None:
    _write(written, 'key = "gs_file"\n', mode=0o644)
    assert any("chmod 600" in warning for warning in load({}).warnings)
    _write(written, 'url = "http://127.0.0.1:1"\n', mode=0o644)
    assert load({}).warnings == ()


def test_a_key_that_travels_unencrypted_is_warned_about(home: Path) -> None:
    assert any("unencrypted" in warning for warning in load({"GPU_SHOPPER_KEY": "k"}, "http://far.test").warnings)
    assert load({"GPU_SHOPPER_KEY": "k"}, "http://localhost:8000").warnings == ()


@pytest.mark.parametrize("text", ["url = 1", 'token = "x"', "not toml", 'url = "ftp://x"', 'url = "http://a/?q=1"'])
def test_a_file_that_says_something_else_is_named_in_the_error(written: Path, text: str) -> None:
    _write(written, text)
    with pytest.raises(UsageError):
        load({})


def test_a_broken_key_is_refused_without_being_shown(home: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load({"GPU_SHOPPER_KEY": "gs_secret\nx"})
    assert "secret" not in caught.value.line()
