"""HTTP in front of the app: Chalice's own local server, made fast, and the few answers that API Gateway would give."""

import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any

from chalice.app import Chalice
from chalice.config import Config
from chalice.local import (
    ChaliceRequestHandler,
    LocalChalice,
    LocalDevServer,
    LocalGateway,
    LocalGatewayException,
    ThreadedHTTPServer,
)

from chalicelib.api import problems
from chalicelib.api.calls import Answer
from chalicelib.domain.errors import Refusal
from local.children import HOST

MOST_BYTES = 10 * 1024 * 1024  # API Gateway takes no larger body; the app's own limit is far below


class Server(ThreadedHTTPServer):
    """Knows how many requests are being answered, so that a stop can wait for them."""

    request_queue_size = 128  # the default of 5 drops connections as soon as fifty clients come at once

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._busy = 0
        self._calm = threading.Condition()

    @contextmanager
    def answering(self) -> Iterator[None]:
        with self._calm:
            self._busy += 1
        try:
            yield
        finally:
            with self._calm:
                self._busy -= 1
                self._calm.notify_all()

    def wait_calm(self, seconds: float) -> bool:
        """Wait so long for the last answer to be out; False when one still is not."""
        with self._calm:
            return self._calm.wait_for(lambda: self._busy == 0, seconds)


class Gateway(LocalGateway):
    def _has_user_defined_options_method(self, lambda_event: Any) -> bool:
        """Chalice would answer a browser's preflight itself. No page of another site may ask here: the app refuses."""
        return True


class Handler(ChaliceRequestHandler):
    """One connection."""

    disable_nagle_algorithm = True  # Chalice writes head and body apart: a kept-alive request would wait 40 ms
    timeout = 75.0  # API Gateway's limit for an idle connection
    server: Server

    def __init__(self, request: Any, client_address: Any, server: Any, app_object: Chalice, config: Config) -> None:
        self.local_gateway = Gateway(app_object, config)
        BaseHTTPRequestHandler.__init__(self, request, client_address, server)

    def answer(self) -> None:
        with self.server.answering():
            refusal = self._refusal()
            if refusal:
                self.close_connection = True  # the body was not read: what follows on this connection is no request
                self._send_problem(problems.told(refusal, str(uuid.uuid4())))
            else:
                self._generic_handle()

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = do_PATCH = do_OPTIONS = answer

    def __getattr__(self, name: str) -> Any:
        """`do_` and any other method: the app knows which a path takes."""
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What Python's server cannot read: a request line that is broken, or endless."""
        self.close_connection = True
        name = HTTPStatus(code).phrase.lower().replace(" ", "_")
        self._send_problem(problems.told(Refusal(code, name, message or HTTPStatus(code).phrase), str(uuid.uuid4())))

    def _refusal(self) -> Refusal | None:
        if "transfer-encoding" in self.headers:
            return Refusal(411, "length_required", "send a Content-Length; the local server reads no chunks")
        length = self.headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()):
            return Refusal(400, "bad_request", "Content-Length is not a number")
        if int(length) > MOST_BYTES:
            return Refusal(413, "too_large", f"at most {MOST_BYTES} bytes")
        return None

    def _send_error_response(self, error: LocalGatewayException) -> None:
        """Chalice knows one such error without authorizers: no route has this path."""
        self._send_problem(problems.unknown_path(str(uuid.uuid4())))

    def _send_problem(self, answer: Answer) -> None:
        self._send_http_response(answer.status, dict(answer.headers), json.dumps(answer.body))

    def log_message(self, *_: object) -> None:
        """The app logs its requests itself."""


def create(app: Chalice, config: Config, port: int) -> Server:
    """Listens already, and serves once `serve_forever` is called. Raises OSError when the port is taken."""
    # As chalice.local.create_local_server does it: each thread gets a current request of its own.
    app.__class__ = type("LocalApp", (LocalChalice, app.__class__), {})
    server: Server = LocalDevServer(app, config, HOST, port, handler_cls=Handler, server_cls=Server).server
    return server
