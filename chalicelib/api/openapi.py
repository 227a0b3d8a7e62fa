"""The description of this API (OpenAPI 3.1), made from the rows that route and the models that validate."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib import __version__
from chalicelib.api import descriptions, meanings, parameters, problems
from chalicelib.api.answers import Problem
from chalicelib.api.calls import Answer, Call
from chalicelib.api.descriptions import Described, Text
from chalicelib.api.examples import Examples
from chalicelib.api.parameters import Parameter
from chalicelib.api.problems import CONTENT_TYPE
from chalicelib.api.refusals import CODES
from chalicelib.domain.errors import Refusal

if TYPE_CHECKING:
    from chalicelib.api.routes import Row

Json = dict[str, Any]

_REF = "#/components/schemas/{name}"
_ABOUT = """\
Compare rented GPUs across markets, rent one, get SSH, and have it provably gone on time.

Times are RFC 3339 in UTC. Money is USD with at most six decimals. Unknown fields and parameters are refused.
Every refusal is a problem (RFC 9457) whose `code` is one of those listed with the route; a path that has no route
answers 404 `not_found`, a method that a path does not take 405 `method_not_allowed`.
On AWS the gateway may answer in the service's place, in the same form: 400 `bad_request`, 413 `body_too_large`,
429 `too_many_requests`, 500 `internal_error`, and 502 `no_answer` or 504 `timeout`, after which a change may have been
made all the same.
Lists take `limit` and `cursor`, and answer `next_cursor` until the last page."""
_TAGS = {
    "inventory": "What can be rented.",
    "sessions": "What is rented, until it is proven gone.",
    "money": "What was spent, and what may be.",
    "alerts": "What people are told.",
    "access": "Who may rent: consumers and their keys.",
    "agent": "For the rented machines themselves.",
    "service": "How the service is.",
    "page": "For people.",
}


def show(call: Call[None]) -> Answer:
    return Answer(200, _encoded(_server(call)), {"Content-Type": "application/json"})


def _server(call: Call[None]) -> str:
    """The public URL; where AWS did not tell this function any, the place that was just asked, as a reader of the
    description resolves it: the path alone, with the stage in front."""
    settings = call.ports.settings
    told = settings.public_url != f"http://127.0.0.1:{settings.port}"  # which it is by default
    if settings.is_local or told:
        return settings.public_url
    return call.path.rstrip("/").removesuffix("/openapi.json") or "/"


@lru_cache(maxsize=1)
def _encoded(server: str) -> bytes:
    from chalicelib.api.routes import ROUTES  # that table holds `show` itself

    return msgspec.json.encode(document(ROUTES, server))


def document(rows: "tuple[Row, ...]", server: str) -> Json:
    """Raises KeyError for a row that `descriptions` does not know, a parameter that `parameters` or a field that
    `meanings` does not."""
    told = {f"{row.method} {row.path}": descriptions.ROUTES[f"{row.method} {row.path}"] for row in rows}
    kinds = [*dict.fromkeys(_bodies(rows)), *_answered(told), Problem]
    _, schemas = msgspec.json.schema_components(kinds, ref_template=_REF)
    for body in _bodies(rows):
        _close(schemas, schemas[body.__name__])
    meanings.explain(schemas)
    examples = Examples(schemas)
    paths: dict[str, Json] = {}
    for row in rows:
        operation = _operation(row, told[f"{row.method} {row.path}"])
        paths.setdefault(row.path, {})[row.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Cloud GPU Shopper",
            "version": __version__,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": server}],
        "tags": [{"name": name, "description": means} for name, means in _TAGS.items()],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "examples": dict(_examples(told, examples)),
            "headers": _HEADERS,
            "securitySchemes": _SECURITY,
        },
    }


_SECURITY = {
    "key": {"type": "http", "scheme": "bearer", "description": "An API key: `gs_…`. An operator issues it."},
    "agent": {"type": "http", "scheme": "bearer", "description": "The token of one live session's agent: `ga_…`."},
}
_HEADERS = {
    "X-Request-Id": {"schema": {"type": "string"}, "description": "The name of this request in our log."},
    "Location": {"schema": {"type": "string"}, "description": "Where to find what was made."},
    "Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait, where that is known."},
    "WWW-Authenticate": {
        "schema": {"type": "string", "const": "Bearer"},
        "description": "What a key is sent as. On AWS it arrives as `x-amzn-Remapped-WWW-Authenticate`: "
        "API Gateway renames it.",
    },
}
_MORE_HEADERS = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}


def _operation(row: "Row", told: Described) -> Json:
    key = f"{row.method} {row.path}"
    operation: Json = {
        "operationId": f"{row.handler.__module__.rpartition('.')[2]}_{row.handler.__name__}",
        "tags": [told.tag],
        "summary": told.summary,
        "x-who": row.who.value,
        "responses": {},
    }
    if told.detail:
        operation["description"] = told.detail
    if row.who == "public":
        operation["security"] = []
    if row.who == "agent":
        operation["security"] = [{"agent": []}]
    if found := [*_path(row.path), *_query(key, row.query), *_headers(key)]:
        operation["parameters"] = found
    if row.body is not None:
        required = any(field.required for field in msgspec.structs.fields(row.body))
        media: Json = {"schema": {"$ref": _REF.format(name=row.body.__name__)}, "example": told.example}
        operation["requestBody"] = {"required": required, "content": {"application/json": media}}
    refused: dict[int, list[str]] = {}
    for code in dict.fromkeys((*_usual(row), *told.refusals)):
        refused.setdefault(CODES[code].status, []).append(code)
    for status in sorted({*told.answers, *refused}):
        content = {**_content(told.answers.get(status)), **_problem(refused.get(status, []))}
        names = ["X-Request-Id", *([_MORE_HEADERS[status]] if status in _MORE_HEADERS and status in refused else [])]
        if status in (201, 202) and row.method == "POST" and row.path in ("/sessions", "/consumers"):
            names.append("Location")
        operation["responses"][str(status)] = {
            "description": HTTPStatus(status).phrase,
            "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names},
            **({"content": content} if content else {}),
        }
    return operation


def _usual(row: "Row") -> Iterator[str]:
    """What any row refuses that is like this one."""
    yield from ("invalid_json", "duplicate_field", "unknown_field", "body_too_large")
    if row.body is not None:
        yield "invalid_field"
        if any(field.required for field in msgspec.structs.fields(row.body)):
            yield "missing_field"
    if row.query:
        yield "invalid_field"
    if row.who != "public":
        yield "unauthorized"
    if row.who == "operator":
        yield "forbidden"
    yield from ("internal_error", "store_unavailable")


def _content(kind: Any) -> Json:
    if kind is None:
        return {}
    if isinstance(kind, Text):
        return {kind.media_type: {"schema": {"type": "string"}}}
    if isinstance(kind, tuple):
        return {name: media for each in kind for name, media in _content(each).items()}
    media: Json = {"schema": _schema(kind)}
    if isinstance(kind, type):
        media["examples"] = {kind.__name__: {"$ref": f"#/components/examples/{kind.__name__}"}}
    return {"application/json": media}


def _problem(codes: list[str]) -> Json:
    if not codes:
        return {}
    narrowed = {"type": "object", "properties": {"code": {"enum": codes}}}
    media = {
        "schema": {"allOf": [{"$ref": _REF.format(name="Problem")}, narrowed]},
        "examples": {code: {"$ref": f"#/components/examples/{code}"} for code in codes},
    }
    return {CONTENT_TYPE: media}


def _examples(told: Mapping[str, Described], examples: Examples) -> Iterator[tuple[str, Json]]:
    """Of every kind of answer, and of a problem with every code."""
    for kind in _answered(told):
        yield kind.__name__, {"value": examples.of(_schema(kind))}
    plain = examples.of(_schema(Problem))
    for code, (status, means) in CODES.items():
        refusal = problems.told(Refusal(status, code, means), plain["request_id"])
        yield code, {"summary": means, "value": refusal.body}


def _path(path: str) -> Iterator[Json]:
    segments = path.strip("/").split("/")
    for before, segment in zip(["", *segments], segments, strict=False):
        if segment.startswith("{"):
            yield _parameter("path", segment[1:-1], parameters.PATH[f"{before}/{segment}"]) | {"required": True}


def _query(key: str, names: tuple[str, ...]) -> Iterator[Json]:
    for name in names:
        told = parameters.ROUTE_QUERY.get(f"{key}?{name}") or parameters.QUERY[name]
        yield _parameter("query", name, told)


def _headers(key: str) -> Iterator[Json]:
    for name, told in parameters.HEADERS.get(key, {}).items():
        yield _parameter("header", name, told)


def _parameter(place: str, name: str, told: Parameter) -> Json:
    schema = _schema(told.kind) | ({} if told.default is None else {"default": told.default})
    return {"name": name, "in": place, "description": told.means, "schema": schema}


def _schema(kind: Any) -> Json:
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=_REF)
    return schema


def _bodies(rows: "tuple[Row, ...]") -> Iterator[Any]:
    return (row.body for row in rows if row.body is not None)


def _answered(told: Mapping[str, Described]) -> list[Any]:
    told_of = (kind for each in told.values() for kind in each.answers.values())
    kinds = (kind for each in told_of for kind in (each if type(each) is tuple else (each,)))
    return [*dict.fromkeys(kind for kind in kinds if isinstance(kind, type) and not isinstance(kind, Text))]


def _close(schemas: Json, schema: Json) -> None:
    """A body takes no field but these, and neither do the objects in it."""
    schema["additionalProperties"] = False
    for name in _referred(schema):
        if "properties" in schemas[name]:
            _close(schemas, schemas[name])


def _referred(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if "$ref" in schema:
            yield schema["$ref"].rpartition("/")[2]
        schema = list(schema.values())
    if isinstance(schema, list):
        for each in schema:
            yield from _referred(each)
