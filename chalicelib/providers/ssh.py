"""Knock at an SSH port: a banner, and nothing else, says that somebody will be able to log in."""

import socket


class BannerProbe:
    """The SshProbe port over a plain TCP connection; reads at most 255 bytes, as RFC 4253 allows a banner."""

    def __init__(self, timeout_seconds: float = 3.0) -> None:
        self._timeout = timeout_seconds

    def answers(self, host: str, port: int) -> bool:
        try:
            with socket.create_connection((host, port), timeout=self._timeout) as connection:
                connection.settimeout(self._timeout)
                return connection.recv(255).startswith(b"SSH-")
        except (OSError, UnicodeError):
            return False
