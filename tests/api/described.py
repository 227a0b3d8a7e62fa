"""Holds real answers to the description: the status is listed, and the body has the fields listed and no others."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlparse

from jsonschema import Draft202012Validator, FormatChecker

from chalicelib.api.openapi import document
from chalicelib.api.routes import ROUTES

URL = "http://127.0.0.1:8000"


@cache
def description() -> Any:
    return json.loads(json.dumps(document(ROUTES, URL)))


def operation(method: str, path: str) -> Any | None:
    """What is told of the route that takes this request; None where no route does."""
    exact = urlparse(path).path.rstrip("/") or "/"  # as the local server reads it
    asked = exact.split("/")
    fits = [
        template
        for template, methods in description()["paths"].items()
        if method.lower() in methods and _fits(template.split("/"), asked)
    ]
    template = exact if exact in fits else next(iter(fits), None)
    return None if template is None else description()["paths"][template][method.lower()]


def check(method: str, path: str, status: int, headers: Mapping[str, str], text: str) -> None:
    """Fails when this answer is not one that the description tells of. A request without a route is none of it."""
    told = operation(method, path)
    if told is None:
        return
    assert str(status) in told["responses"], f"{method} {path} answered {status}, which is not described"
    answer = told["responses"][str(status)]
    media_type = headers.get("Content-Type", "").partition(";")[0]
    if "content" not in answer:
        assert text == ""
        return
    assert media_type in answer["content"], f"{method} {path} answered {media_type}, which is not described"
    if media_type.endswith("json"):
        problems = [
            error.message for error in _validator(_key(answer["content"][media_type])).iter_errors(json.loads(text))
        ]
        assert not problems, f"{method} {path} {status}: {problems}"


def _fits(template: list[str], asked: list[str]) -> bool:
    return len(template) == len(asked) and all(
        (part.startswith("{") and given) or part == given for part, given in zip(template, asked, strict=True)
    )


def _key(media: Any) -> str:
    return json.dumps(media["schema"])


@cache
def _validator(schema: str) -> Draft202012Validator:
    return Draft202012Validator(
        {**json.loads(schema), "components": _strict(description()["components"])}, format_checker=FormatChecker()
    )


def _strict(part: Any) -> Any:
    """Objects have no fields but those described; refusals alone may carry further members."""
    if isinstance(part, list):
        return [_strict(each) for each in part]
    if not isinstance(part, dict):
        return part
    found = {name: _strict(each) for name, each in part.items()}
    if part.get("type") == "object" and "properties" in part and part.get("title") != "Problem":
        found.setdefault("additionalProperties", False)
    return found
