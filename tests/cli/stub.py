"""A service on loopback that answers as the contract says, from a script, and remembers what it was asked."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

KEY = "gs_test_key"
_PAGED = {"limit", "cursor"}
_FILTERS = {
    *("provider", "gpu", "min_vram_gb", "max_price", "min_gpus", "gpu_count", "region", "country"),
    *("min_reliability", "min_cuda", "spot", "verified", "disk_gb", "sort"),
}
QUERIES = (
    (r"GET /inventory", _FILTERS | _PAGED),
    (r"GET /inventory/[^/]+", {"disk_gb"}),
    (r"GET /prices", {"gpu", "provider", "spot", "days", "step"} | _PAGED),
    (r"GET /sessions", {"status", "consumer", "provider"} | _PAGED),
    (r"GET /costs", {"consumer", "session", "from", "to", "group_by"}),
    (r"GET /alerts|GET /alerts/subscriptions", {"consumer"} | _PAGED),
    (r"GET /sessions/[^/]+/events|GET /consumers|GET /consumers/[^/]+/keys", _PAGED),
)
PLURALS = ("offers", "prices", "sessions", "events", "consumers", "keys", "alerts", "subscriptions")
BODY = {
    *("offer_id", "requirements", "ssh_public_key", "hours", "disk_gb", "image", "env", "onstart", "ports"),
    *("workload", "idle_minutes", "lease_minutes", "extendable_hours", "max_price", "max_attempts", "consumer"),
}


@dataclass
class Asked:
    method: str
    path: str
    query: list[tuple[str, str]]
    headers: Mapping[str, str]
    body: Any


@dataclass
class Answer:
    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False
    """Do what was asked, then break the connection."""
    whole: bool = False
    """Not cut into pages, even if it is a list."""


DROPPED = Answer(0, None, drop=True)


def problem(status: int, code: str, detail: str = "not so", **fields: Any) -> Answer:
    body = {"type": "about:blank", "title": code, "status": status, "code": code, "detail": detail, **fields}
    return Answer(status, {"request_id": "req-1", **body})


class Stub(ThreadingHTTPServer):
    """`script[("GET", "/sessions/x")]` is a list of answers; the last one stays. Lists are cut into pages."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[Asked] = []
        self.script: dict[tuple[str, str], list[Answer]] = {}
        self.page = 100
        self._thread = Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def says(self, method: str, path: str, *answers: Answer | dict[str, Any], status: int = 200) -> None:
        found = [one if isinstance(one, Answer) else Answer(status, one) for one in answers]
        self.script[method, path] = found

    def lists(self, path: str, plural: str, items: Sequence[Any], **beside: Any) -> None:
        self.says("GET", path, {plural: list(items), **beside})

    def of(self, method: str, path: str | None = None) -> list[Asked]:
        return [one for one in self.asked if one.method == method and path in (None, one.path)]

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        if asked.path != "/health" and asked.headers.get("authorization") != f"Bearer {KEY}":
            return problem(401, "unauthorized", "no valid key")
        if refused := _unknown(asked):
            return refused
        answers = self.script.get((asked.method, asked.path))
        if not answers:
            return problem(404, "not_found", f"nothing at {asked.path}")
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return self._paged(asked, answer)

    def _paged(self, asked: Asked, answer: Answer) -> Answer:
        found = answer.body if isinstance(answer.body, dict) and not answer.whole else {}
        plural = next((name for name in PLURALS if isinstance(found.get(name), list)), None)
        if plural is None or asked.method != "GET":
            return answer
        query = dict(asked.query)
        items = answer.body[plural]
        start = int(query.get("cursor", 0))
        end = start + min(int(query.get("limit", 50)), self.page)
        page = items[start:end]
        more = {plural: page, "count": len(page), "next_cursor": str(end) if end < len(items) else None}
        return Answer(answer.status, {**answer.body, **more})


def _unknown(asked: Asked) -> Answer | None:
    known = next((names for form, names in QUERIES if re.fullmatch(form, f"{asked.method} {asked.path}")), set())
    wrong = [name for name, _ in asked.query if name not in known]
    if asked.method == "POST" and asked.path == "/sessions":
        wrong += [name for name in asked.body if name not in BODY]
    return problem(400, "unknown_field", f"{wrong[0]}: not a field of this request", field=wrong[0]) if wrong else None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Stub

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = json.loads(raw) if raw else None
        asked = Asked(self.command, unquote(parts.path), parse_qsl(parts.query), headers, body)
        answer = self.server.answer(asked)
        if answer.drop:
            self.close_connection = True
            return
        text = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        kind = "application/problem+json" if answer.status >= 400 else "application/json"
        self.send_response(answer.status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(text)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = _serve

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the test's own output is what counts."""
