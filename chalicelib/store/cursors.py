"""Where a list goes on: opaque outside, checked when it comes back."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

from chalicelib.domain.errors import invalid


def encode(position: str) -> str:
    return urlsafe_b64encode(position.encode()).decode().rstrip("=")


def decode(cursor: str, form: re.Pattern[str]) -> str:
    """The position in it. Raises Refusal 400 `invalid_cursor` for anything that `encode` cannot have made."""
    try:
        position = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)).decode()
    except ValueError:
        position = ""
    if not form.fullmatch(position) or encode(position) != cursor:
        raise invalid("cursor", "not a cursor of this list", code="invalid_cursor")
    return position
