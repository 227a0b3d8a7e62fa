"""A request body, from bytes to a model: strict, and every error names the field it is about."""

import json
import math
from collections.abc import Mapping
from typing import Any, TypeVar, get_args

import msgspec

from chalicelib.api import complaints
from chalicelib.domain.errors import Refusal, invalid

LARGEST = 64 * 1024
_NAME_SHOWN = 100
_EXACT = 2.0**53  # below it, every whole number has a double of its own

M = TypeVar("M", bound=msgspec.Struct)


def parse(raw: bytes) -> dict[str, Any]:
    """The JSON object in `raw`; nothing at all counts as `{}`. Raises Refusal 413 or 400.

    Strict JSON only: UTF-8, no NaN or Infinity, no number beyond a double, no half surrogates, no key twice.
    JSON knows one kind of number: 40.0 is the integer 40.
    """
    if len(raw) > LARGEST:
        raise Refusal(413, "body_too_large", f"a body has at most {LARGEST} bytes")
    if not raw.strip():
        return {}
    try:
        msgspec.json.decode(raw)
        body = json.loads(raw, object_pairs_hook=_once, parse_float=_number)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise _unreadable(raw) from None
    if not isinstance(body, dict):
        raise Refusal(400, "invalid_json", "the body must be a JSON object")
    return body


def _unreadable(raw: bytes) -> Refusal:
    """Names the field whose number is none (NaN, Infinity, beyond a double), where that is all that is wrong."""
    try:
        name = _not_finite(json.loads(raw))
    except (ValueError, RecursionError):
        name = None
    if name is None:
        return Refusal(400, "invalid_json", "the body is not valid JSON")
    return invalid(name, "not a finite number, so the body is not valid JSON", code="invalid_json")


def _not_finite(value: object, name: str = "") -> str | None:
    if isinstance(value, float):
        return None if math.isfinite(value) or not name else name
    if isinstance(value, dict):
        inner = ((f"{name}.{key}" if name else key)[:_NAME_SHOWN] for key in value)
        found = (_not_finite(one, path) for one, path in zip(value.values(), inner, strict=True))
    elif isinstance(value, list):
        found = (_not_finite(one, name) for one in value)
    else:
        return None
    return next((path for path in found if path is not None), None)


def read(model: type[M], body: Mapping[str, Any], within: str = "") -> M:
    """`model` filled from `body`, field by field. Raises Refusal 400 naming the first field that is wrong."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(model)}
    only(fields, body, within)
    values = {}
    for name, field in fields.items():
        if name in body:
            values[field.name] = _value(field.type, body[name], within + name)
        elif field.required:
            raise invalid(within + name, "required", code="missing_field")
    return model(**values)


def only(known: Mapping[str, object], given: Mapping[str, object], within: str = "") -> None:
    """Raises Refusal 400 `unknown_field` for the first name that is not known."""
    for name in given:
        if name not in known:
            shown = name if len(name) <= _NAME_SHOWN else name[:_NAME_SHOWN] + "…"
            raise invalid(within + shown, "not a field of this request", code="unknown_field")


def _value(kind: Any, value: Any, name: str) -> Any:
    nested = next((part for part in (kind, *get_args(kind)) if _is_model(part)), None)
    if nested is not None and isinstance(value, dict):
        return read(nested, value, name + ".")
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise invalid(name, complaints.told(kind, error)) from None


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _number(text: str) -> float:
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < _EXACT else value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise invalid(twice[:_NAME_SHOWN], "given more than once", code="duplicate_field")
    return found
