"""One frozen object with everything the environment decides; a bad value stops the start with one line."""

import math
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from chalicelib.domain.lease import reachable
from chalicelib.domain.policy import Policy, overridden

LOCAL = "local"
"""The deployment where none is named; on Lambda one must be."""


class SettingsError(Exception):
    """One line that names the variable and what it should have been."""


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach one provider. The key never appears in a repr, a log or an answer."""

    key: str
    url: str

    def __repr__(self) -> str:
        return f"Credentials(url={self.url!r}, key=…)"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """See contract: the table of environment variables."""

    port: int
    deployment: str
    is_local: bool
    """Not on Lambda: secrets and overrides in the data dir, an operator's key from the environment."""
    data_dir: str
    operator_key: str | None
    public_url: str
    vastai: Credentials | None
    tensordock: Credentials | None
    log_level: str
    log_format: str
    tick_seconds: float
    policy: Policy
    table: str
    """Empty for a function that was given none."""
    release: str
    """Which start or deployment this is: each new one reconciles before its first create."""
    queue_url: str | None
    topic_arn: str | None
    metrics: bool
    """Write metrics for CloudWatch into the log: on Lambda always, elsewhere where SHOPPER_METRICS=emf asks for it."""
    secrets_path: str | None
    """SSM path of the signing keys and the pepper; None keeps them in the data dir."""
    provider_secrets_path: str | None
    """SSM path below which each market's key lies under the market's name."""
    markets: tuple[str, ...]
    """The markets in use, whether this process holds their keys or not."""

    def __repr__(self) -> str:
        return f"Settings(deployment={self.deployment!r}, port={self.port})"

    def near(self, market: str) -> bool:
        """Is it on this computer or its network, as the simulators are? Its machines then are too."""
        access: Credentials | None = getattr(self, market, None)
        return access is not None and not reachable(access.url)

    @property
    def markets_are_near(self) -> bool:
        """All of them."""
        known = [name for name in MARKETS if getattr(self, name) is not None]
        return bool(known) and all(self.near(name) for name in known)


MARKETS = tuple(field.name for field in msgspec.structs.fields(Settings) if field.type == Credentials | None)
"""Every market the service could talk to, configured or not: those there are credentials for."""

KEYS: Mapping[str, str] = {"vastai": "VASTAI_API_KEY", "tensordock": "TENSORDOCK_API_TOKEN"}
"""The variable that holds a market's key."""


_PORTS = ("PORT", "SERVER_PORT")
_ENGINE = "AWS_ENDPOINT_URL_DYNAMODB"
_MOST = {"_seconds": 10 * 365 * 86_400.0, "_share": 1.0, "_jitter": 1.0}
"""By the end of a number's name: ten years, and all of it."""


def load(environ: Mapping[str, str], dotenv: Path | None = None) -> Settings:
    """Settings from `environ` over the `.env` file; raises SettingsError with one line for a person."""
    env = merged(environ, dotenv)
    on_lambda = "AWS_LAMBDA_FUNCTION_NAME" in env
    deployment = env.get("SHOPPER_DEPLOYMENT") or ("" if on_lambda else LOCAL)
    if not re.fullmatch(r"[a-z0-9]{1,8}", deployment):
        raise SettingsError(f"SHOPPER_DEPLOYMENT must be 1 to 8 of a-z0-9, not {deployment!r}")
    port_name = next((name for name in _PORTS if env.get(name)), _PORTS[0])
    port = int(_number(env, port_name, 8000, least=1, most=65535, whole=True))
    if env.get(_ENGINE):
        _url(env, _ENGINE, "")
    level = env.get("LOG_LEVEL", "info").lower()
    if level not in ("debug", "info", "warning", "error", "critical"):
        raise SettingsError(f"LOG_LEVEL must be debug, info, warning, error or critical, not {level!r}")
    log_format = env.get("LOG_FORMAT", "json").lower()
    if log_format not in ("json", "text"):
        raise SettingsError(f"LOG_FORMAT must be json or text, not {log_format!r}")
    vastai = _credentials(env, KEYS["vastai"], "VASTAI_API_URL", "https://console.vast.ai")
    tensordock = _credentials(env, KEYS["tensordock"], "TENSORDOCK_API_URL", "https://dashboard.tensordock.com")
    return Settings(
        port=port,
        deployment=deployment,
        is_local=not on_lambda,
        data_dir=env.get("SHOPPER_DATA_DIR") or ".local",
        operator_key=env.get("SHOPPER_OPERATOR_KEY") or None,
        public_url=_url(env, "SHOPPER_PUBLIC_URL", f"http://127.0.0.1:{port}"),
        vastai=vastai,
        tensordock=tensordock,
        log_level=level,
        log_format=log_format,
        tick_seconds=_number(env, "SHOPPER_TICK_SECONDS", 60.0, least=0.05),
        policy=_policy(env),
        # On Lambda a function is told everything it may touch; elsewhere the name follows from the deployment.
        table=env.get("SHOPPER_TABLE") or ("" if on_lambda else f"shopper-{deployment}"),
        release=env.get("SHOPPER_RELEASE") or "0",
        queue_url=env.get("SHOPPER_QUEUE_URL") or None,
        topic_arn=env.get("SHOPPER_TOPIC_ARN") or None,
        metrics=on_lambda or env.get("SHOPPER_METRICS") == "emf",
        secrets_path=env.get("SHOPPER_SECRETS_PATH") or None,
        provider_secrets_path=env.get("SHOPPER_PROVIDER_SECRETS_PATH") or None,
        markets=_markets(env, {"vastai": vastai, "tensordock": tensordock}),
    )


def merged(environ: Mapping[str, str], dotenv: Path | None) -> dict[str, str]:
    """`environ` over what the `.env` file says; of two names for one thing too."""
    filed = _dotenv(dotenv) if dotenv else {}
    if any(environ.get(name) for name in _PORTS):
        filed = {name: value for name, value in filed.items() if name not in _PORTS}
    return {**filed, **environ}


def _policy(env: Mapping[str, str]) -> Policy:
    defaults = Policy()
    numbers = {}
    for field in msgspec.structs.fields(Policy):
        name = f"SHOPPER_{field.name.upper()}"
        if env.get(name):
            whole = field.type is int
            most = next((most for ending, most in _MOST.items() if field.name.endswith(ending)), 1e12)
            numbers[field.name] = _number(env, name, getattr(defaults, field.name), least=0, most=most, whole=whole)
    return overridden(defaults, numbers)


def misspelt(environ: Mapping[str, str], dotenv: Path | None = None) -> list[str]:
    """A line for each name that nobody reads and that is nearly one of a number: what it was meant to do does not
    happen."""
    from difflib import get_close_matches  # late: no function on Lambda asks

    known = [f"SHOPPER_{field.name.upper()}" for field in msgspec.structs.fields(Policy)]
    unread = [name for name in merged(environ, dotenv) if name.startswith("SHOPPER_") and name not in known]
    meant = {name: get_close_matches(name, known, 1, cutoff=0.85) for name in unread}
    return [f"{name} is read by nobody: is {found[0]} meant?" for name, found in meant.items() if found]


def _number(
    env: Mapping[str, str], name: str, default: float, least: float, most: float = 1e12, whole: bool = False
) -> float:
    text = env.get(name)
    if not text:
        return default
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not least <= number <= most or (whole and number != int(number)):
        kind = "a whole number" if whole else "a number"
        raise SettingsError(f"{name} must be {kind} from {least:g} to {most:g}, not {text!r}")
    return number


def _credentials(env: Mapping[str, str], key_name: str, url_name: str, url: str) -> Credentials | None:
    base = _url(env, url_name, url)
    key = (env.get(key_name) or "").strip()
    if not key:
        return None
    if not key.isascii() or not key.isprintable() or " " in key:
        raise SettingsError(f"{key_name} must be one line of printable ASCII without spaces")
    return Credentials(key=key, url=base)


def _markets(env: Mapping[str, str], known: Mapping[str, Credentials | None]) -> tuple[str, ...]:
    """Those that SHOPPER_PROVIDERS names, else those there is a key for."""
    text = env.get("SHOPPER_PROVIDERS") or ",".join(name for name, keys in known.items() if keys is not None)
    named = tuple(sorted({name.strip() for name in text.split(",") if name.strip()}))
    for name in named:
        if name not in MARKETS:
            raise SettingsError(f"SHOPPER_PROVIDERS must be a list of {', '.join(MARKETS)}, not {name!r}")
    return named


def _url(env: Mapping[str, str], name: str, default: str) -> str:
    url = (env.get(name) or default).rstrip("/")
    if not re.fullmatch(r"https?://[A-Za-z0-9.\-]+(:\d{1,5})?(/[^\s?#]*)?|https?://\[[0-9a-fA-F:]+\](:\d{1,5})?", url):
        raise SettingsError(f"{name} must be an http(s) URL without query, not {url!r}")
    return url


def _dotenv(path: Path) -> dict[str, str]:
    """KEY=value lines; `export`, comments and one pair of quotes around the value are allowed."""
    if not path.is_file():
        return {}
    found = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        line = line.strip().removeprefix("export ")
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name.strip()):
            raise SettingsError(f"{path.name} line {number}: expected NAME=value")
        value = value.strip()
        if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
            value = value[1:-1]
        found[name.strip()] = value
    return found
