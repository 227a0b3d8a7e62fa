"""The ssh command for a session's machine: built from checked parts, remembering each machine's host key apart."""

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from cli.config import Config
from cli.errors import CliError
from cli.keys import identities, own
from cli.shapes import FINAL, Address, Session

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9a-fA-F]*:[0-9a-fA-F:.]+")
_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,31}")


def address(session: Session) -> Address:
    """Where SSH answers. Raises CliError when it does not yet, does not any more, or when the words are no address."""
    short = session["id"][-8:]
    found = session.get("ssh")
    status = session["status"]
    if status in FINAL or status == "terminating":
        reason = session.get("end_reason")
        raise CliError(f"{short} is {status}{f' ({reason})' if reason else ''}", "rent another: gpu-shopper up")
    if not found:
        raise CliError(f"{short} is {status}: no SSH yet", f"follow it: gpu-shopper show {short}", "not_running")
    host, port, user = found.get("host"), found.get("port"), found.get("user")
    if not (
        isinstance(host, str)
        and _HOST.fullmatch(host)
        and isinstance(user, str)
        and _USER.fullmatch(user)
        and isinstance(port, int)
        and 0 < port < 65536
    ):
        raise CliError(f"{short} has an SSH address that is none", f"end it: gpu-shopper rm {short}", "bad_address")
    return {"host": host, "port": port, "user": user}


def command(config: Config, session: Session, identity: Path | None, rest: Sequence[str]) -> list[str]:
    """The argv for a throw-away host.

    The first host key is trusted and then held, per session: addresses are used again by other machines, so
    the key is filed under the session's id. `rest` goes to ssh behind the destination: its options, or a command.
    """
    to = address(session)
    options = {
        "StrictHostKeyChecking": "accept-new",
        "UserKnownHostsFile": f'"{config.directory / "known_hosts"}"',
        "HostKeyAlias": f"shopper-{session['id']}",
        "ConnectTimeout": "15",
        "ServerAliveInterval": "30",
        "LogLevel": "ERROR",
    }
    argv = ["ssh", "-p", str(to["port"])]
    for name, value in options.items():
        argv += ["-o", f"{name}={value}"]
    for private in identities(config, identity):
        argv += ["-i", str(private)]
    return [*argv, f"{to['user']}@{to['host']}", *rest]


def plain(config: Config, session: Session, identity: Path | None) -> str:
    """The short command to copy; names a key only where ssh would not find it by itself."""
    to = address(session)
    found = identities(config, identity)
    usual = identity is None and config.ssh_key is None and found != [own(config)]
    key = f"-i {shlex.quote(str(found[0]))} " if found and not usual else ""
    return f"ssh {key}-p {to['port']} {to['user']}@{to['host']}"


def joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_loopback(host: str) -> bool:
    """Only the fake markets have machines there."""
    from ipaddress import ip_address

    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def prepare(config: Config) -> None:
    """Make the place where host keys are kept."""
    config.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
