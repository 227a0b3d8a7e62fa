"""A local Lambda: AWS's own runtime client in a bare interpreter, and the runtime API that it asks for events."""

import json
import resource
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from pathlib import Path
from queue import Queue
from typing import Any

_CLIENT = ("awslambdaric", "simplejson", "snapshot-restore-py")
_SECONDS = 60
_START = "import sys; sys.path[:0] = {path!r}; from awslambdaric.__main__ import main; main(['', {handler!r}])"


class HandlerFailed(AssertionError):
    """The handler raised, or never came up; the text is all that it said."""


def client_at(folder: Path) -> Path:
    """The runtime client and what it needs, and nothing else that is installed here."""
    for name in _CLIENT:
        for file in metadata.files(name) or ():
            if ".." not in file.parts:
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file.locate(), folder / file)
    return folder


class Lambda:
    """One function: where its code lies, its handler, its environment. Every `invoke` is a cold start."""

    def __init__(self, path: Sequence[str], handler: str, environ: Mapping[str, str]) -> None:
        self._path = list(path)
        self._handler = handler
        self._environ = environ
        self.output = ""
        self.cpu_ms = 0.0

    def invoke(self, event: Mapping[str, Any]) -> Any:
        """What the handler answers. Raises HandlerFailed."""
        answers: Queue[tuple[str, bytes]] = Queue()
        with _Api(event, answers) as api:
            environ = {
                **self._environ,
                "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_port}",
                "LAMBDA_TASK_ROOT": self._path[0],
                "_HANDLER": self._handler,
                "HOME": "/nonexistent",
            }
            before = _cpu_ms()
            program = _START.format(path=self._path, handler=self._handler)
            process = subprocess.Popen(
                # -S: no site-packages at all, not even the boto3 that Lambda would have.
                [sys.executable, "-S", "-c", program],
                cwd="/",
                env=environ,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )

            def watch() -> None:
                process.wait()
                answers.put(("ended", b""))

            watcher = threading.Thread(target=watch, daemon=True)
            watcher.start()
            try:
                kind, body = answers.get(timeout=_SECONDS)
            finally:
                process.kill()
                self.output = process.communicate()[0]
                self.cpu_ms = _cpu_ms() - before
        if kind != "response":
            raise HandlerFailed(f"{self._handler}: {kind} {body.decode()}\n{self.output}")
        return json.loads(body)


def _cpu_ms() -> float:
    """Of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1000


class _Api(ThreadingHTTPServer):
    """Hands out the one event, then nothing more."""

    daemon_threads = True

    def __init__(self, event: Mapping[str, Any], answers: "Queue[tuple[str, bytes]]") -> None:
        super().__init__(("127.0.0.1", 0), _Asked)
        self.events: Queue[bytes] = Queue()
        self.events.put(json.dumps(event).encode())
        self.answers = answers

    def __enter__(self) -> "_Api":
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """The function is killed while it waits for a second event."""


class _Asked(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Api

    def do_GET(self) -> None:
        body = self.server.events.get()
        self.send_response(200)
        for name, value in (
            ("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
            ("Lambda-Runtime-Deadline-Ms", "4102444800000"),
            ("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:rehearsal"),
            ("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0"),
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.answers.put((self.path.rsplit("/", 1)[-1], body))

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""
