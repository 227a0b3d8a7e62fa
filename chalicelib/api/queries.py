"""A query string, read by kind: every error names its parameter."""

import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

from chalicelib.domain.errors import invalid

Word = TypeVar("Word", bound=str)

LIMIT_DEFAULT, LIMIT_MOST = 50, 100
_LONGEST = 512
_LONGEST_CURSOR = 8192
_NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,12})?", re.ASCII)
_WHOLE = re.compile(r"-?[0-9]{1,12}", re.ASCII)


class QueryString:
    """The parameters of one request. One that was not sent reads as None."""

    def __init__(self, values: Mapping[str, Sequence[str]]) -> None:
        self._values = values

    def names(self) -> Mapping[str, Sequence[str]]:
        return self._values

    def text(self, name: str, longest: int = _LONGEST) -> str | None:
        """One value, printable and not empty."""
        values = self._values.get(name)
        if values is None:
            return None
        if len(values) != 1:
            raise invalid(name, "given more than once")
        return _printable(name, values[0], longest)

    def texts(self, name: str) -> tuple[str, ...]:
        """Several values, by commas or by repeating the parameter."""
        parts = (part.strip() for value in self._values.get(name, ()) for part in value.split(","))
        return tuple(dict.fromkeys(_printable(name, part) for part in parts))

    def number(self, name: str, least: float = 0.0, most: float = 1e9) -> float | None:
        text = self.text(name)
        if text is None:
            return None
        if not _NUMBER.fullmatch(text) or not least <= float(text) <= most:
            raise invalid(name, f"expected a number from {least:.15g} to {most:.15g}")
        return float(text)

    def whole(self, name: str, least: int, most: int) -> int | None:
        text = self.text(name)
        if text is None:
            return None
        if not _WHOLE.fullmatch(text) or not least <= int(text) <= most:
            raise invalid(name, f"expected a whole number from {least} to {most}")
        return int(text)

    def flag(self, name: str) -> bool | None:
        chosen = self.choice(name, ("true", "false"))
        return None if chosen is None else chosen == "true"

    def choice(self, name: str, allowed: Sequence[Word]) -> Word | None:
        text = self.text(name)
        chosen = next((word for word in allowed if word == text), None)
        if text is not None and chosen is None:
            raise invalid(name, f"expected one of {', '.join(allowed)}")
        return chosen

    @property
    def limit(self) -> int:
        return self.whole("limit", 1, LIMIT_MOST) or LIMIT_DEFAULT

    @property
    def cursor(self) -> str | None:
        return self.text("cursor", _LONGEST_CURSOR)


def _printable(name: str, value: str, longest: int = _LONGEST) -> str:
    if not value or len(value) > longest or not value.isprintable():
        raise invalid(name, f"expected 1 to {longest} printable characters")
    return value
