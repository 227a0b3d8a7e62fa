"""The environment, and the one line that a bad value stops the start with."""

import re
from pathlib import Path

import pytest

from chalicelib.domain.policy import Policy
from chalicelib.settings import Credentials, SettingsError, load, misspelt

ROOT = Path(__file__).parents[1]


def test_with_nothing_set_everything_has_its_default() -> None:
    settings = load({})
    assert (settings.port, settings.deployment, settings.data_dir) == (8000, "local", ".local")
    assert settings.public_url == "http://127.0.0.1:8000"
    assert settings.vastai is None
    assert settings.policy == Policy()
    assert settings.is_local


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("# mine\nexport PORT=9000\nLOG_LEVEL='debug'\nVASTAI_API_KEY=from-file\n\n")
    settings = load({"PORT": "9001"}, file)
    assert (settings.port, settings.log_level) == (9001, "debug")
    assert settings.vastai == Credentials(key="from-file", url="https://console.vast.ai")


def test_server_port_is_another_name_for_port() -> None:
    assert load({"SERVER_PORT": "8100"}).port == 8100
    assert load({"SERVER_PORT": "8100", "PORT": "8200"}).port == 8200


@pytest.mark.parametrize("name", list(Policy.__struct_fields__))
def test_every_number_of_the_policy_can_be_overridden_by_name(name: str) -> None:
    value = 1 if name.endswith(("_share", "_jitter")) else 7
    settings = load({f"SHOPPER_{name.upper()}": str(value)})
    assert getattr(settings.policy, name) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("SHOPPER_DEPLOYMENT", "Prod"),
        ("SHOPPER_DEPLOYMENT", "waytoolong"),
        ("SHOPPER_DEPLOYMENT", "a-b"),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
        ("SHOPPER_TICK_SECONDS", "0"),
        ("SHOPPER_HARD_MAX_SECONDS", "12h"),
        ("SHOPPER_HARD_MAX_SECONDS", "-1"),
        ("SHOPPER_HARD_MAX_SECONDS", "nan"),
        ("SHOPPER_HARD_MAX_SECONDS", "inf"),
        ("SHOPPER_GHOST_LISTS", "2.5"),
        ("SHOPPER_PUBLIC_URL", "ftp://x"),
        ("VASTAI_API_URL", "http://x/?key=1"),
        ("VASTAI_API_KEY", "two words"),
    ],
)
def test_a_bad_value_stops_with_one_line_that_names_it(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as stopped:
        load({name: value})
    assert name in str(stopped.value)
    assert "\n" not in str(stopped.value)


def test_a_broken_line_of_the_file_is_named_by_its_number(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=1\nnonsense\n")
    with pytest.raises(SettingsError, match=r"\.env line 2"):
        load({}, tmp_path / ".env")


def test_on_lambda_a_deployment_must_be_named() -> None:
    with pytest.raises(SettingsError, match="SHOPPER_DEPLOYMENT"):
        load({"AWS_LAMBDA_FUNCTION_NAME": "f"})
    assert not load({"AWS_LAMBDA_FUNCTION_NAME": "f", "SHOPPER_DEPLOYMENT": "prod"}).is_local


def test_a_named_deployment_outside_lambda_is_local_all_the_same() -> None:
    settings = load({"SHOPPER_DEPLOYMENT": "blue"})
    assert settings.is_local
    assert settings.table == "shopper-blue"


def test_no_repr_shows_a_key() -> None:
    settings = load(
        {"VASTAI_API_KEY": "very-secret", "TENSORDOCK_API_TOKEN": "very-secret", "SHOPPER_OPERATOR_KEY": "very-secret"}
    )
    assert "very-secret" not in repr(settings)
    assert "very-secret" not in repr(settings.vastai)


def test_the_markets_in_use_are_those_named_else_those_with_a_key() -> None:
    assert load({}).markets == ()
    assert load({"VASTAI_API_KEY": "key"}).markets == ("vastai",)
    assert load({"SHOPPER_PROVIDERS": " vastai,tensordock "}).markets == ("tensordock", "vastai")
    with pytest.raises(SettingsError, match="SHOPPER_PROVIDERS"):
        load({"SHOPPER_PROVIDERS": "runpod"})


def test_a_function_on_lambda_has_only_the_table_it_was_given() -> None:
    given = {"AWS_LAMBDA_FUNCTION_NAME": "f", "SHOPPER_DEPLOYMENT": "prod"}
    assert load(given).table == ""
    assert load({**given, "SHOPPER_TABLE": "shopper-prod"}).table == "shopper-prod"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "18431.5"),
        ("SHOPPER_HARD_MAX_SECONDS", "1e12"),
        ("SHOPPER_DESTROY_JITTER", "5"),
        ("SHOPPER_BRAKE_SHARE", "1.01"),
        ("AWS_ENDPOINT_URL_DYNAMODB", "foo"),
    ],
)
def test_what_could_never_work_does_not_start(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        load({name: value})


def test_either_name_of_the_port_in_the_environment_wins_over_both_in_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=8200\n")
    assert load({"SERVER_PORT": "8100"}, tmp_path / ".env").port == 8100
    assert load({}, tmp_path / ".env").port == 8200


def test_no_name_that_somebody_reads_is_taken_for_a_misspelt_number() -> None:
    read = set(re.findall(r"SHOPPER_[A-Z_]+[A-Z]", (ROOT / "chalicelib" / "settings.py").read_text()))
    assert read
    assert misspelt(dict.fromkeys(read, "x")) == []
    found = misspelt({"SHOPPER_GHOST_GRACE_SECS": "5", "SHOPPER_GHOST_GRACE_SECONDS": "5", "SHOPPER_COLOUR": "red"})
    assert found == ["SHOPPER_GHOST_GRACE_SECS is read by nobody: is SHOPPER_GHOST_GRACE_SECONDS meant?"]
