"""A small HTTP/1.1 server on loopback: keep-alive, no Nagle delay, exact content types, a quick death."""

import contextlib
import socket
import socketserver
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

BODY_LIMIT = 1_000_000
IDLE_SECONDS = 75.0


class Request(msgspec.Struct):
    method: str
    path: str
    """Without query; a trailing slash is dropped."""
    query: dict[str, str]
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes = b""

    def json(self) -> Any:
        """The body as JSON, {} when there is none; raises msgspec.DecodeError."""
        return msgspec.json.decode(self.body) if self.body else {}

    def object(self) -> dict[str, Any]:
        """The body as a JSON object; raises msgspec.DecodeError for anything else."""
        return msgspec.convert(self.json(), dict[str, Any])


class Reply(msgspec.Struct):
    """`body` is sent as it is when bytes, as JSON otherwise; after `delay` seconds of real time."""

    status: int = 200
    body: Any = b""
    headers: dict[str, str] = {}
    content_type: str = "application/json"
    delay: float = 0.0


class Hangup(Exception):
    """Say nothing for `seconds` of real time, then close the connection."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


App = Callable[[Request], Reply]


class HttpServer:
    """Serves `app` from threads until stopped. Port 0 takes a free one."""

    def __init__(self, app: App, port: int = 0) -> None:
        self._server = _Server(("127.0.0.1", port), app)
        self.port: int = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="http", daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._server.hang_up()
        self._thread.join(timeout=5)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], app: App) -> None:
        self.app = app
        self.stopping = threading.Event()
        self._connections: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Without the name look-up that the standard one makes."""
        socketserver.TCPServer.server_bind(self)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; anything else is."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    timeout = IDLE_SECONDS
    server: _Server

    def version_string(self) -> str:
        return "gunicorn"

    def log_message(self, format: str, *args: Any) -> None:
        """The calls are kept in the market's own log."""

    def _answer(self) -> None:
        reply = self._read_and_run()
        if reply is None:
            self.close_connection = True
            return
        if reply.delay:
            self.server.stopping.wait(reply.delay)
        body = reply.body if isinstance(reply.body, bytes) else msgspec.json.encode(reply.body)
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def _read_and_run(self) -> Reply | None:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdigit():
            self.close_connection = True
            return Reply(411, {"error": "length_required", "msg": "send a Content-Length"})
        if int(length) > BODY_LIMIT:
            self.close_connection = True
            return Reply(413, {"error": "too_large", "msg": "body too large"})
        body = self.rfile.read(int(length))
        parts = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=parts.path.rstrip("/") or "/",
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
        )
        try:
            return self.server.app(request)
        except Hangup as hangup:
            self.server.stopping.wait(hangup.seconds)
            return None

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = _answer
