"""The app as a client meets it: real routes over a world in memory. Every answer is held to the API's description."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from chalice.test import Client

from app import app
from chalicelib import wiring
from chalicelib.domain.access import KeyRecord, Role, issue
from tests.api import described
from tests.builders import NOW, PUBLIC_KEY, a_consumer
from tests.world import World

OFFER = "vastai:1001"


class Reply(NamedTuple):
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def code(self) -> str:
        """Of a problem; checks on the way that it has the one form."""
        assert self.headers["Content-Type"] == "application/problem+json"
        problem = self.json
        assert {"type", "title", "status", "detail", "code", "request_id"} <= problem.keys()
        assert problem["status"] == self.status
        assert problem["request_id"] == self.headers["X-Request-Id"]
        return str(problem["code"])


class Api:
    """`ada` and `bob` are consumers, `operator` is one; each has a key."""

    def __init__(self, **world: Any) -> None:
        self.world = World(**world)
        self.keys: dict[str, str] = {}
        self.http = Client(app).http
        for number, name in enumerate(("ada", "bob", "operator")):
            role = Role.OPERATOR if name == "operator" else Role.CONSUMER
            consumer = a_consumer(id=name, role=role, max_sessions=20, max_price_per_hour=50_000_000)
            self.world.store.access.put_consumer(consumer, create=False)
            key_id, self.keys[name], digest = issue(bytes([number + 1] * 38), self.world.ports.secrets.pepper)
            record = KeyRecord(id=key_id, consumer=name, digest=digest, created_at=NOW)
            self.world.store.access.put_key(record)

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        who: str | None = "ada",
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """`who` None sends no key; `raw` is sent instead of `body`."""
        sent = {"Content-Type": "application/json", **(headers or {})}
        if who is not None:
            sent["Authorization"] = f"Bearer {self.keys[who]}"
        content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        with wiring.override(self.world.ports):
            answer = self.http.request(method, path, headers=sent, body=content)
        reply = Reply(answer.status_code, answer.headers, answer.body.decode())
        described.check(method, path, reply.status, reply.headers, reply.text)
        return reply

    def rent(self, *, who: str = "ada", **fields: object) -> Any:
        """A session that was let in."""
        reply = self.send("POST", "/sessions", wish(**fields), who=who)
        assert reply.status == 202, reply.text
        return reply.json


def wish(**fields: object) -> dict[str, object]:
    """A body of POST /sessions that is let in; a field of None is left out."""
    body = {"offer_id": OFFER, "ssh_public_key": PUBLIC_KEY, **fields}
    return {name: value for name, value in body.items() if value is not None}
