"""The network between an adapter and its market: a transport for `requests` that carries calls in virtual time."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import RemoteDisconnected
from typing import Any, NoReturn
from urllib.parse import parse_qsl

import msgspec
import requests
import urllib3
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3.exceptions import MaxRetryError, NewConnectionError, ProtocolError

from chalicelib.domain.instant import SECOND
from tests.simulation.kernel import Kernel

_BUILDER = HTTPAdapter()


@dataclass(frozen=True, slots=True)
class Request:
    """What left the adapter. `body` is the parsed JSON, None without one."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    patience: float
    """Seconds in which the adapter wants the answer."""


@dataclass(slots=True)
class Reply:
    """One answer, whole or not."""

    status: int
    content: bytes
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    drips: float = 0.0
    """Seconds before each byte of the body."""
    torn: bool = False
    """The connection ends in the middle of it."""


def json(status: int, body: object, **headers: str) -> Reply:
    return Reply(status, msgspec.json.encode(body), {"Content-Type": "application/json", **headers})


def text(status: int, content: str, kind: str = "text/html; charset=utf-8", **headers: str) -> Reply:
    return Reply(status, content.encode(), {"Content-Type": kind, **headers})


class Network(BaseAdapter):
    """Mounted on a session in place of sockets; `answer` may raise any of the failures below."""

    def __init__(self, kernel: Kernel, answer: Callable[[Request], Reply]) -> None:
        super().__init__()
        self._kernel = kernel
        self._answer = answer

    def session(self) -> requests.Session:
        """As `http.open_session` makes them, on this network."""
        session = requests.Session()
        session.trust_env = False
        session.mount("https://", self)
        return session

    def send(self, request: requests.PreparedRequest, *rest: Any, timeout: Any = None, **options: Any) -> Any:
        _, slash, target = (request.url or "").removeprefix("https://").partition("/")
        path, _, query = target.partition("?")
        sent = Request(
            method=request.method or "",
            path=slash + path,
            query=dict(parse_qsl(query)) if query else {},
            headers=request.headers,
            body=None if request.body is None else msgspec.json.decode(request.body),
            patience=timeout[1],
        )
        try:
            reply = self._answer(sent)
        except requests.RequestException as error:
            error.request = request
            raise
        length = len(reply.content) * 2 if reply.torn else len(reply.content)
        raw = urllib3.HTTPResponse(
            body=_Dripping(reply, self._kernel) if reply.drips else io.BytesIO(reply.content),  # type: ignore[arg-type]
            headers={**reply.headers, "Content-Length": str(length)},
            status=reply.status,
            preload_content=False,
        )
        return _BUILDER.build_response(request, raw)

    def close(self) -> None:
        """Nothing is held."""


class _Dripping:
    """A body that comes byte by byte, each after a wait."""

    closed = False

    def __init__(self, reply: Reply, kernel: Kernel) -> None:
        self._left = io.BytesIO(reply.content)
        self._wait = reply.drips
        self._kernel = kernel

    def read(self, size: int = -1) -> bytes:
        return self.read1(size)

    def read1(self, size: int = -1) -> bytes:
        self._kernel.pause(round(self._wait * SECOND))
        return self._left.read(1)

    def close(self) -> None:
        self.closed = True


# --- failures on the way


def refused() -> NoReturn:
    """Nobody listens there: nothing was sent."""
    broken = NewConnectionError(None, "connection refused")  # type: ignore[arg-type]
    raise requests.ConnectionError(MaxRetryError(None, "/", broken))  # type: ignore[arg-type]


def unreachable() -> NoReturn:
    """No connection within its time: nothing was sent."""
    raise requests.ConnectTimeout("timed out")


def reset() -> NoReturn:
    """The connection ended before an answer came; what became of the request is unknown."""
    raise requests.ConnectionError(ProtocolError("Connection aborted.", RemoteDisconnected("closed")))


def silent() -> NoReturn:
    """No answer within its time."""
    raise requests.ReadTimeout("read timed out")
