"""The real service behind HTTP, in this process and in memory, with one running session and its agent's lease."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import time
from types import TracebackType
from typing import Any

import msgspec

from chalicelib.domain.instant import SECOND
from chalicelib.domain.lease import Lease
from chalicelib.domain.session import Session
from tests.api.client import Api


class Service:
    """`lease` is what the create call carried, with `url` pointing here. `lies` replaces the body of every answer."""

    def __init__(self) -> None:
        self.lies: bytes | None = None
        self.beats: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._since = time()
        self.api = Api(environ={"SHOPPER_PUBLIC_URL": "https://shopper.example.com", "SHOPPER_HEARTBEAT_SECONDS": "1"})
        self.id = self.api.rent()["id"]
        self.api.world.run(120)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def session(self) -> Session:
        found = self.api.world.store.sessions.get(self.id)
        assert found is not None
        return found

    @property
    def clock_offset(self) -> int:
        """Seconds by which a machine's clock must be off to show the time of this service."""
        return round(self.api.world.clock.now() / SECOND - time())

    def lease(self, **changes: object) -> Lease:
        [machine] = self.api.world.market.live()
        assert machine.order is not None
        assert machine.order.agent is not None
        return msgspec.structs.replace(machine.order.agent, url=self.url, **changes)

    def ask(self, method: str, path: str, who: str = "ada", body: object = None) -> Any:
        with self._lock:
            self._catch_up()
            return self.api.send(method, path, body, who=who).json

    def __enter__(self) -> "Service":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def _catch_up(self) -> None:
        """The clock in memory goes as fast as the machine's."""
        self.api.world.clock.advance(time() - self._since)
        self._since = time()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                sent = {"Authorization": self.headers.get("Authorization", "")}
                with service._lock:
                    service._catch_up()
                    reply = service.api.send("POST", self.path, raw=raw, who=None, headers=sent)
                if reply.status == 200:
                    service.beats.append(json.loads(raw))
                content = reply.text.encode() if service.lies is None else service.lies
                self.send_response(reply.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        return Handler
