"""SSH keys: which public key a machine gets, and which private one stays here and opens it."""

import base64
import binascii
import re
from pathlib import Path

from cli.config import Config
from cli.errors import CliError, UsageError

_DEFAULTS = ("id_ed25519", "id_ecdsa", "id_rsa")
_KINDS = re.compile(
    r"ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com"
)
_PRIVATE = (b"-----BEGIN", b"PuTTY-User-Key-File", b"SSH PRIVATE KEY FILE")
_LARGEST = 16_384  # bytes; an RSA key of 16,384 bits takes 3,000


def own(config: Config) -> Path:
    """The private key that we make when a person has none; may not exist."""
    return config.directory / "id_ed25519"


def defaults(config: Config) -> list[Path]:
    """Private keys that are tried unless one is named."""
    return [*(Path.home() / ".ssh" / name for name in _DEFAULTS), own(config)]


def public(config: Config, named: Path | None) -> tuple[str, str | None]:
    """(the public key to send, a note for the person or None). Makes a pair if nobody has one.

    Raises UsageError for a file that is no public key; a private key is never read beyond its first bytes.
    """
    chosen = named or config.ssh_key
    if chosen is not None:
        return _from_file(chosen)
    for private in defaults(config):
        candidate = Path(f"{private}.pub")
        if candidate.is_file():
            return read(candidate), None
    return _make(own(config))


def identities(config: Config, named: Path | None) -> list[Path]:
    """Private key files to offer to ssh, existing ones only; its agent is asked anyway."""
    chosen = named or config.ssh_key
    if chosen is not None:
        private = chosen.with_suffix("") if chosen.suffix == ".pub" else chosen
        return [private] if private.is_file() else []
    return [private for private in defaults(config) if private.is_file()]


def read(path: Path) -> str:
    """`type base64` of one OpenSSH public key; its comment stays here."""
    try:
        raw = path.read_bytes()[: _LARGEST + 1]
    except OSError as error:
        raise UsageError(f"cannot read the SSH key {path}: {error.strerror}") from None
    lines = [line for line in raw.decode("utf-8", "replace").splitlines() if line.strip() and not line.startswith("#")]
    parts = lines[0].split() if len(lines) == 1 else []
    if len(raw) <= _LARGEST and len(parts) >= 2 and _KINDS.fullmatch(parts[0]) and _holds(parts[1], parts[0]):
        return f"{parts[0]} {parts[1]}"
    raise UsageError(f"{path} is not one OpenSSH public key", "name a .pub file, or make one: ssh-keygen -t ed25519")


def _from_file(path: Path) -> tuple[str, str | None]:
    try:
        with path.open("rb") as file:
            start = file.read(64).lstrip()
    except OSError as error:
        raise UsageError(f"cannot read the SSH key {path}: {error.strerror}") from None
    if not start.startswith(_PRIVATE):
        return read(path), None
    beside = Path(f"{path}.pub")
    if not beside.is_file():
        raise UsageError(
            f"{path} is a private key and never leaves this machine",
            f"make its public half: ssh-keygen -y -f {path} > {beside}",
        )
    return read(beside), f"{path} is a private key and stays here; sending {beside}"


def _holds(blob: str, kind: str) -> bool:
    """Does the key material itself say the same type?"""
    try:
        raw = base64.b64decode(blob, validate=True)
    except (binascii.Error, ValueError):
        return False
    name = kind.encode()
    return raw.startswith(len(name).to_bytes(4, "big") + name)


def _make(private: Path) -> tuple[str, str]:
    import subprocess

    private.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "gpu-shopper", "-f", str(private)]
    if private.exists():
        raise UsageError(f"{private} has no public half", f"make it: ssh-keygen -y -f {private} > {private}.pub")
    try:
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)  # noqa: S603 - all ours
    except FileNotFoundError:
        raise CliError("no SSH key here, and no ssh-keygen to make one", "install OpenSSH, or pass --ssh-key") from None
    except subprocess.CalledProcessError as error:
        raise CliError(f"ssh-keygen failed: {error.stderr.decode(errors='replace').strip()}") from None
    return read(Path(f"{private}.pub")), f"no SSH key found: made one, {private}"
