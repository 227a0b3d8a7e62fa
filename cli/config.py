"""Where the server and the key come from: option, environment, then ~/.config/gpu-shopper/config.toml."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cli.errors import UsageError

DEFAULT_URL = "http://127.0.0.1:8000"
NO_KEY = "no key: set GPU_SHOPPER_KEY; `make run` prints one, elsewhere an operator makes one: gpu-shopper keys create"
_SETTINGS = ("url", "key", "ssh_key")
_LOOPBACK = re.compile(r"https?://(127\.[0-9.]+|localhost|\[::1\])(:|/|$)")


@dataclass(frozen=True, slots=True)
class Config:
    url: str
    key: str | None
    ssh_key: Path | None
    """The public key to rent with, unless a command names another."""
    directory: Path
    """Ours, for what we have to keep; may not exist yet."""
    warnings: tuple[str, ...] = ()
    no_key: str = NO_KEY
    """What to tell a person when the service asks for the key that is missing."""

    def __repr__(self) -> str:
        return f"Config(url={self.url!r})"


def load(environ: Mapping[str, str], url: str | None = None) -> Config:
    """Raises UsageError with one line that names the place of the mistake, never the key itself."""
    directory = directory_in(environ)
    path = directory / "config.toml"
    stored, warnings = _read(path)
    chosen = _url(url or environ.get("GPU_SHOPPER_URL") or stored.get("url") or DEFAULT_URL)
    key = environ.get("GPU_SHOPPER_KEY") or None
    no_key = NO_KEY
    if key is None and "key" in stored:
        home = _url(stored.get("url") or chosen)
        if home == chosen:
            key = stored["key"]
        else:
            no_key = f"the key in {path} is for {home} and is not shown to {chosen}: set GPU_SHOPPER_KEY"
    if key is not None and not re.fullmatch(r"[!-~]+", key):
        raise UsageError(
            "the key holds characters that no key has", "copy it again into GPU_SHOPPER_KEY or config.toml"
        )
    ssh_key = Path(stored["ssh_key"]).expanduser() if "ssh_key" in stored else None
    if key and chosen.startswith("http://") and not is_local(chosen):
        warnings.append(f"the key travels unencrypted to {chosen}: use https")
    return Config(chosen, key, ssh_key, directory, tuple(warnings), no_key)


def is_local(url: str) -> bool:
    return bool(_LOOPBACK.match(url))


def directory_in(environ: Mapping[str, str]) -> Path:
    base = environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base and Path(base).is_absolute() else Path.home() / ".config") / "gpu-shopper"


def _read(path: Path) -> tuple[dict[str, str], list[str]]:
    try:
        raw = path.read_bytes()
        mode = path.stat().st_mode
    except FileNotFoundError:
        return {}, []
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    import tomllib

    try:
        found = tomllib.loads(raw.decode())
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from None
    wrong = [name for name, value in found.items() if name not in _SETTINGS or not isinstance(value, str)]
    if wrong:
        raise UsageError(f"{path}: {wrong[0]!r} is no setting; url, key and ssh_key are, each a string")
    warnings = []
    if "key" in found and mode & 0o077:
        warnings.append(f"others can read the key in {path}: chmod 600 {path}")
    return found, warnings


def _url(text: str) -> str:
    url = text.strip().rstrip("/")
    if not re.fullmatch(r"https?://(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?(/[^\s?#]*)?", url):
        raise UsageError(f"not a server URL: {text!r}", f"it looks like {DEFAULT_URL}")
    return url
