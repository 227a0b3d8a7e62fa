"""What is wrong with a value, in the words of JSON and not in those of Python."""

import re
from collections.abc import Iterator
from enum import Enum
from typing import Any, Literal, get_args, get_origin

import msgspec

_WORDS = {"int": "integer", "float": "number", "str": "string", "bool": "boolean"}
_NAMED = re.compile(r"`([^`]*)`")
_WORD = re.compile(r"\w+")


def told(kind: Any, error: msgspec.ValidationError) -> str:
    """Why a value is none of `kind`, and what would be one; without the place in it."""
    text = str(error).partition(" - at ")[0]
    if text.startswith("Invalid enum value") and (allowed := [*_choices(kind)]):
        return f"expected one of {', '.join(allowed)}"
    if "matching regex" in text:
        return "it has not the form that the description tells of"
    plain = _NAMED.sub(lambda named: _json(named[1]), text)
    return plain[:1].lower() + plain[1:]


def _json(types: str) -> str:
    return _WORD.sub(lambda word: _WORDS.get(word[0], word[0]), types).replace(" | ", " or ")


def _choices(kind: Any) -> Iterator[str]:
    """Every word that a literal or an enumeration somewhere in `kind` allows."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        yield from (str(member.value) for member in kind)
    elif get_origin(kind) is Literal:
        yield from map(str, get_args(kind))
    else:
        for part in get_args(kind):
            yield from _choices(part)
