"""What stands behind the ports of a function on Lambda, given what its environment names."""

from collections.abc import Callable, Iterator

import pytest

from chalicelib import grants, wiring
from chalicelib.domain.errors import ProviderAuth, StoreDown
from chalicelib.ports import Ports
from chalicelib.providers.vastai import VastAi
from chalicelib.settings import load
from chalicelib.usecases.authenticating import authenticate
from chalicelib.vault.secrets import make_parameters
from deploy.operator import OPERATOR, first_key
from tests.deploy.cloud import cloud

PATH = "/gpu-shopper/prod"
LAMBDA = {
    "AWS_LAMBDA_FUNCTION_NAME": "shopper-prod-any",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "nobody",
    "AWS_SECRET_ACCESS_KEY": "nothing",
    "SHOPPER_DEPLOYMENT": "prod",
    "SHOPPER_PROVIDERS": "vastai,tensordock",
}

Start = Callable[..., Ports]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts a function with this environment, in an account that has its secrets and one market's key."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_PROFILE", "VASTAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in LAMBDA.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(wiring, "_built", None)
    _forget()

    def begin(**environ: str) -> Ports:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        return wiring.ports()

    with cloud() as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
        ssm = aws.client("ssm")
        make_parameters(ssm, PATH)
        ssm.put_parameter(Name=f"{PATH}/provider/vastai", Value="the-key-of-vast", Type="SecureString")
        yield begin
    _forget()


def _forget() -> None:
    grants._client.cache_clear()
    grants.ssm.cache_clear()


def test_a_function_with_the_right_reads_the_markets_keys_from_ssm(start: Start) -> None:
    ports = start(SHOPPER_PROVIDER_SECRETS_PATH=f"{PATH}/provider")
    assert ports.settings.vastai is not None
    assert ports.settings.vastai.key == "the-key-of-vast"
    assert isinstance(ports.providers["vastai"]._provider, VastAi)  # type: ignore[attr-defined]


def test_a_market_whose_key_is_missing_is_known_and_refuses_everything(start: Start) -> None:
    ports = start(SHOPPER_PROVIDER_SECRETS_PATH=f"{PATH}/provider")
    with pytest.raises(ProviderAuth, match="tensordock"):
        ports.providers["tensordock"].list()


def test_the_api_knows_the_markets_by_name_and_holds_no_key(start: Start) -> None:
    ports = start(SHOPPER_SECRETS_PATH=PATH, SHOPPER_TABLE="shopper-prod", SHOPPER_QUEUE_URL="https://queue.example")
    assert set(ports.providers) == {"vastai", "tensordock"}
    assert ports.settings.vastai is None
    with pytest.raises(ProviderAuth):
        ports.providers["vastai"].destroy("1")


def test_the_janitor_has_no_table_and_does_not_read_the_pepper(start: Start) -> None:
    ports = start(SHOPPER_SECRETS_PATH=PATH, SHOPPER_PROVIDER_SECRETS_PATH=f"{PATH}/provider")
    assert ports.secrets.signing_keys
    assert ports.secrets.pepper == b""
    with pytest.raises(StoreDown, match="no table"):
        ports.health.sweep_done("janitor", 0)
    ports.gate.pass_through("vastai", "read")  # the pace lies in the table too, and looking needs none
    assert ports.overrides.until("prod-some-session") is None


def test_a_port_that_was_not_given_says_so_when_it_is_used(start: Start) -> None:
    ports = start()
    calls: tuple[Callable[[], object], ...] = (
        lambda: ports.wakeups.sweep("expire"),
        lambda: ports.overrides.until("prod-some-session"),
    )
    for call in calls:
        with pytest.raises(StoreDown, match="this function has no"):
            call()


def test_the_first_key_of_the_operator_opens_the_api(start: Start) -> None:
    ports = start(SHOPPER_SECRETS_PATH=PATH, SHOPPER_TABLE="shopper-prod", SHOPPER_QUEUE_URL="https://queue.example")
    wiring._open_store(ports.settings).table.create()
    key, another = (first_key(load({"SHOPPER_DEPLOYMENT": "prod"})) for _ in range(2))
    for one in (key, another):
        caller = authenticate(ports, f"Bearer {one}")
        assert (caller.consumer.id, caller.is_operator) == (OPERATOR, True)
