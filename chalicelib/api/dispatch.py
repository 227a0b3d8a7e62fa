"""The one way in: who asks, may they, what exactly do they ask; then the handler; then one form of answer.

It stands where Chalice takes a middleware and answers everything itself, for Chalice would turn wrong
methods, media types and exceptions into forms of its own.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

import msgspec
from chalice.app import Request, Response

from chalicelib import log
from chalicelib.api import bodies, problems
from chalicelib.api.calls import Answer, Call
from chalicelib.api.queries import QueryString
from chalicelib.api.routes import Row, Who, by_path
from chalicelib.domain.access import Caller
from chalicelib.domain.errors import Refusal
from chalicelib.domain.session import Session
from chalicelib.ports import Ports
from chalicelib.usecases.authenticating import authenticate

logger = logging.getLogger(__name__)

_ALWAYS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class Dispatch:
    """`ports` is asked for on each request, so that nothing is built before the first one."""

    def __init__(self, rows: tuple[Row, ...], ports: Callable[[], Ports]) -> None:
        self._rows = by_path(rows)
        self._ports = ports

    def __call__(self, request: Request, _: Callable[[Request], Response]) -> Response:
        """Chalice's middleware; the next handler, Chalice's own, is never called."""
        request_id = _request_id(request)
        with log.keys(request_id=request_id):
            caller: Caller | None = None
            try:
                row = self._rows.get(request.path, {}).get(request.method)
                if row is None:
                    answer = self._no_row(request, request_id)
                else:
                    ports = self._ports()
                    session = _agent_of(ports, row, request)
                    caller = None if session else _admit(ports, row, request)
                    answer = row.handler(_call(ports, row, request, caller, session))
                content = answer.body if isinstance(answer.body, bytes) else msgspec.json.encode(answer.body)
            except Exception as error:  # nothing but problem+json ever leaves
                answer = problems.of(error, request_id)
                content = msgspec.json.encode(answer.body)
            _note(request, answer, caller)
        headers: dict[str, str | list[str]] = {
            "Content-Type": "application/json",
            **_ALWAYS,
            **answer.headers,
            "X-Request-Id": request_id,
        }
        text = "" if request.method == "HEAD" else content.decode()
        return Response(body=text, status_code=answer.status, headers=headers)

    def _no_row(self, request: Request, request_id: str) -> Answer:
        methods = self._rows.get(request.path)
        return problems.wrong_method(list(methods), request_id) if methods else problems.unknown_path(request_id)


def _agent_of(ports: Ports, row: Row, request: Request) -> Session | None:
    """On a row for agents nobody else is let in, and no agent is on any other."""
    if row.who is not Who.AGENT:
        return None
    from chalicelib.usecases import beating  # a person's request need not load what agents need

    return beating.authenticate(ports, request.headers.get("authorization"))


def _admit(ports: Ports, row: Row, request: Request) -> Caller | None:
    """Default deny: only a row that says `public` is let in without a key."""
    if row.who is Who.PUBLIC:
        return None
    caller = authenticate(ports, request.headers.get("authorization"))
    if row.who is Who.OPERATOR and not caller.is_operator:
        raise Refusal(403, "forbidden", "for operators only")
    return caller


def _call(ports: Ports, row: Row, request: Request, caller: Caller | None, agent_of: Session | None) -> Call[Any]:
    query = _query(request)
    bodies.only(dict.fromkeys(row.query), query)
    raw = request.raw_body
    body = bodies.parse(raw.encode() if isinstance(raw, str) else raw)
    if row.body is None:
        bodies.only({}, body)
    return Call(
        ports=ports,
        path=str(request.context.get("path") or request.path),
        params={name: unquote(value) for name, value in (request.uri_params or {}).items()},
        query=QueryString(query),
        headers=request.headers,
        body=None if row.body is None else bodies.read(row.body, body),
        known=caller,
        told_by=agent_of,
    )


def _query(request: Request) -> Mapping[str, list[str]]:
    given = request.query_params
    return {} if given is None else {name: given.getlist(name) for name in given}


def _request_id(request: Request) -> str:
    """The platform's own, so that its logs and ours tell of the same request."""
    return str(request.context.get("requestId") or getattr(request.lambda_context, "aws_request_id", "unknown"))


def _note(request: Request, answer: Answer, caller: Caller | None) -> None:
    logger.info(
        "%s %s %d", request.method, request.path, answer.status,
        extra={"consumer": caller.consumer.id if caller else None},
    )  # fmt: skip
