"""Knock at an SSH port: a banner, and nothing else, says that somebody will be able to log in.

The address comes from a market, and so from whoever rents out the machine: it must not make this process call
something in its own network. A name is resolved once, and what it resolved to is checked and then called.
"""

import ipaddress
import socket
from collections.abc import Callable

from chalicelib.domain.endpoint import is_public

Resolve = Callable[[str, int], list[str]]
"""The addresses of a host. Raises OSError."""


class BannerProbe:
    """The SshProbe port over a plain TCP connection; reads at most 255 bytes, as RFC 4253 allows a banner."""

    def __init__(self, timeout_seconds: float = 3.0, *, resolve: Resolve | None = None) -> None:
        self._timeout = timeout_seconds
        self._resolve = resolve or _resolved

    def answers(self, host: str, port: int, *, near: bool = False) -> bool:
        try:
            # Not all of them: a name with many addresses would hold us as often as it has any.
            return any(self._banner(address, port, near) for address in self._resolve(host, port)[:2])
        except (OSError, UnicodeError):
            return False

    def _banner(self, address: str, port: int, near: bool) -> bool:
        if not near and not is_public(ipaddress.ip_address(address)):
            return False
        try:
            with socket.create_connection((address, port), timeout=self._timeout) as connection:
                connection.settimeout(self._timeout)
                return connection.recv(255).startswith(b"SSH-")
        except OSError:
            return False


def _resolved(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]).partition("%")[0] for *_, address in found))
