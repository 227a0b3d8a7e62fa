"""The markets as `orphans` reaches them: their adapters, and the signing keys and overrides that tell what is ours."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from chalicelib import settings as environment
from chalicelib.domain.instant import Instant
from chalicelib.ports import Provider
from chalicelib.providers import build
from chalicelib.providers.pace import OwnRates, SharedPace
from chalicelib.settings import Settings, SettingsError
from cli.errors import CliError, UsageError

_PROVIDER = ("VASTAI_API_KEY", "VASTAI_API_URL", "TENSORDOCK_API_TOKEN", "TENSORDOCK_API_URL")


class Unreadable(Exception):
    """What was asked for is kept somewhere, and that cannot be read now."""


class Kept(Protocol):
    """What the deployment keeps outside its table. Nothing is made here that is missing."""

    place: str

    def signing_keys(self) -> tuple[bytes, ...]:
        """None at all where there are none. Raises Unreadable."""

    def override(self, session_id: str) -> Instant | None:
        """Until when an operator let it live past the hard max. Raises Unreadable."""


@dataclass(frozen=True, slots=True)
class Direct:
    """Everything that `orphans` touches."""

    settings: Settings
    markets: Mapping[str, Provider]
    kept: Kept
    clock: "Clock"
    simulated: bool
    """The markets are those of the local cloud."""


class Clock:
    """The machine's own clock, moved on by `elapsed`, which tests can hold."""

    def __init__(self, pause: Callable[[float], None], elapsed: Callable[[], float]) -> None:
        self._pause, self._elapsed = pause, elapsed
        self._base = time.time() - elapsed()

    def now(self) -> Instant:
        return round((self._base + self._elapsed()) * 1000)

    def sleep(self, seconds: float) -> None:
        self._pause(seconds)


def reach(environ: Mapping[str, str], pause: Callable[[float], None], elapsed: Callable[[], float]) -> Direct:
    """Raises UsageError when no market is configured, or the environment will not do."""
    try:
        env = environment.merged(environ, Path(".env"))
        chosen = environment.load(env)
        markets_of_local_cloud = {} if chosen.vastai or chosen.tensordock else _local_cloud(Path(chosen.data_dir))
        if markets_of_local_cloud:
            chosen = environment.load({**env, **markets_of_local_cloud})
    except SettingsError as error:
        raise UsageError(str(error)) from None
    clock = Clock(pause, elapsed)
    markets = build(chosen, SharedPace(OwnRates(), clock, chosen.policy), clock)
    if not (chosen.vastai or chosen.tensordock):
        raise UsageError(
            "no provider key: set VASTAI_API_KEY or TENSORDOCK_API_TOKEN, or start this where the service's .env lies"
        )
    kept = InParameters(chosen.secrets_path) if chosen.secrets_path else InFolder(Path(chosen.data_dir))
    return Direct(chosen, markets, kept, clock, simulated=bool(markets_of_local_cloud))


class InFolder:
    """`Kept` of the local deployment, in its data directory."""

    def __init__(self, folder: Path) -> None:
        self.place = str(folder)
        self._folder = folder

    def signing_keys(self) -> tuple[bytes, ...]:
        try:
            return _keys((self._folder / "signing-keys").read_text())
        except FileNotFoundError:
            return ()
        except (OSError, ValueError) as error:
            raise Unreadable(f"{self._folder / 'signing-keys'}: {error}") from error

    def override(self, session_id: str) -> Instant | None:
        try:
            return int((self._folder / "overrides" / session_id).read_text())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise Unreadable(str(error)) from error


class InParameters:
    """`Kept` of a deployment on AWS, in SSM, with the caller's own credentials."""

    def __init__(self, path: str) -> None:
        self.place = f"SSM {path}"
        self._path = path
        try:
            import boto3
        except ImportError:
            raise CliError(
                f"the signing keys lie in {self.place}, and boto3 is not installed here",
                "pipx inject cloud-gpu-shopper boto3",
            ) from None
        from botocore.exceptions import BotoCoreError

        try:
            self._client: Any = boto3.client("ssm")
        except (BotoCoreError, ValueError) as error:
            raise CliError(
                f"the signing keys lie in {self.place}, and AWS cannot be asked: {error}",
                "set AWS_DEFAULT_REGION, and AWS_PROFILE or the keys of somebody who may read them",
            ) from None

    def signing_keys(self) -> tuple[bytes, ...]:
        text = self._read("signing-keys") or ""
        try:
            return _keys(text)
        except ValueError as error:
            raise Unreadable(f"{self.place}/signing-keys: {error}") from error

    def override(self, session_id: str) -> Instant | None:
        text = self._read(f"override/{session_id}")
        try:
            return None if text is None else int(text)
        except ValueError as error:
            raise Unreadable(f"{self.place}/override/{session_id}: {error}") from error

    def _read(self, name: str) -> str | None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = self._client.get_parameter(Name=f"{self._path}/{name}", WithDecryption=True)
            return str(answer["Parameter"]["Value"])
        except ClientError as error:
            if error.response["Error"]["Code"] == "ParameterNotFound":
                return None
            raise Unreadable(str(error)) from error
        except BotoCoreError as error:
            raise Unreadable(str(error)) from error


def _keys(text: str) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(line) for line in text.split())


def _local_cloud(data_dir: Path) -> dict[str, str]:
    """Where the fake markets of a running `make run` listen, if one runs on this data directory."""
    try:
        env = json.loads((data_dir / "endpoints.json").read_text())["env"]
        return {name: str(env[name]) for name in _PROVIDER if name in env}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
