"""A loopback server that answers each request with the next raw reply, byte by byte as told."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

Reply = bytes | Callable[[socket.socket], None]


@dataclass(frozen=True, slots=True)
class Request:
    """As it arrived; header names in lower case."""

    line: str
    headers: dict[str, str]
    body: bytes
    connection: int
    """Which connection it came on, counted from 0."""


class Loopback:
    """`url` to call, `requests` that came. The last reply is given again and again."""

    def __init__(self, replies: tuple[Reply, ...]) -> None:
        self._replies = list(replies)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.requests: list[Request] = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            connection.close()
        self._thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection, len(self._open) - 1), daemon=True).start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        with connection, connection.makefile("rb") as stream:
            try:
                while line := stream.readline().decode().strip():
                    headers = dict(_headers(stream))
                    body = stream.read(int(headers.get("content-length", "0")))
                    self.requests.append(Request(line, headers, body, number))
                    reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
                    connection.sendall(reply) if isinstance(reply, bytes) else reply(connection)
            except (OSError, ValueError):
                return


def _headers(stream: object) -> Iterator[tuple[str, str]]:
    while line := stream.readline().decode().strip():  # type: ignore[attr-defined]
        name, _, value = line.partition(":")
        yield name.lower(), value.strip()


@contextmanager
def loopback(*replies: Reply) -> Iterator[Loopback]:
    server = Loopback(replies)
    try:
        yield server
    finally:
        server.stop()


def reply(status: int = 200, body: bytes | str = b"{}", **headers: str) -> bytes:
    """A whole answer; header names with `_` for `-`."""
    content = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(content)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + content


def silence(connection: socket.socket) -> None:
    """Never answer, until the other side gives up."""
    connection.recv(1)


def reset(connection: socket.socket) -> None:
    """Break the connection off hard."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise ConnectionResetError


def cut_short(connection: socket.socket) -> None:
    """Promise more than is sent."""
    connection.sendall(b"HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\n{")
    connection.shutdown(socket.SHUT_RDWR)
