"""A transport that answers from a list and remembers what was asked: no socket is opened."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import BaseAdapter


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it would have left."""

    method: str
    path: str
    body: object
    headers: Mapping[str, str | bytes] = field(repr=False)
    timeout: tuple[float, float]


class Canned(BaseAdapter):
    """Each request takes the next reply: a body for status 200, `(status, body)`, or an exception to raise.

    A body that is no string travels as JSON. `session` is the factory that the HTTP helper takes.
    """

    def __init__(self, *replies: object) -> None:
        super().__init__()
        self.replies = list(replies)
        self.asked: list[Asked] = []

    def session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.mount("http://", self)
        return session

    def send(  # type: ignore[override]  # the base class declares every argument untyped
        self, request: requests.PreparedRequest, timeout: tuple[float, float], **_: object
    ) -> requests.Response:
        sent = json.loads(str(request.body, "utf-8")) if isinstance(request.body, bytes) else None
        path = urlsplit(request.url or "").path
        self.asked.append(Asked(request.method or "", str(path), sent, {**request.headers}, timeout))
        reply = self.replies.pop(0)
        if isinstance(reply, BaseException):
            raise reply
        status, body = reply if isinstance(reply, tuple) else (200, reply)
        response = requests.Response()
        response.status_code = status
        content = body if isinstance(body, str) else json.dumps(body)
        response.raw = urllib3.HTTPResponse(io.BytesIO(content.encode()), preload_content=False)
        response.request = request
        return response

    def close(self) -> None:
        pass
