"""The form of every list: its items under their plural, how many, and where to go on."""

from collections.abc import Sequence
from typing import TypeVar

from chalicelib.api.calls import Answer
from chalicelib.api.queries import QueryString
from chalicelib.domain.errors import invalid

T = TypeVar("T")


def listed(plural: str, items: Sequence[object], next_cursor: str | None) -> Answer:
    return Answer(200, {plural: items, "count": len(items), "next_cursor": next_cursor})


def part(items: Sequence[T], query: QueryString) -> tuple[Sequence[T], str | None]:
    """One page of a list that is read whole and only ever grows at its end, and the cursor of the next."""
    start, limit = 0, query.limit
    if (cursor := query.cursor) is not None:
        if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= 9):
            raise invalid("cursor", "not a cursor of this list", code="invalid_cursor")
        start = int(cursor)
    end = start + limit
    return items[start:end], str(end) if end < len(items) else None
