"""Money, time and foreign text in the form people read them."""

import unicodedata
from datetime import UTC, datetime


def usd(amount: float | None) -> str:
    """An amount of money; cents matter above a dollar, less matters below."""
    if amount is None:
        return "-"
    if abs(amount) >= 1:
        return f"${amount:,.2f}"
    cents, less = f"{amount:.4f}"[:-2], f"{amount:.4f}"[-2:]
    return f"${cents}{less.rstrip('0')}"


def rate(amount: float | None) -> str:
    """USD per hour without its unit, always with three decimals so that columns line up."""
    return "-" if amount is None else f"{amount:.3f}"


def number(value: float | str | None, decimals: int = 0) -> str:
    if value is None or value == "":
        return "-"
    return value if isinstance(value, str) else f"{value:.{decimals}f}"


def yes(flag: bool | None) -> str:
    return "-" if flag is None else "yes" if flag else "no"


def elapsed(seconds: float) -> str:
    """0:07, 12:30, 1:02:03."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def span(seconds: float) -> str:
    """7 s, 12 min, 3 h 20 min, 2 d 4 h, 12 d."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days = hours // 24
    return f"{days} d {hours % 24} h" if days < 10 else f"{days} d"


def moment(text: str | None) -> datetime | None:
    """An RFC 3339 moment of the service; None for nothing, or for something else."""
    try:
        found = datetime.fromisoformat(text) if text else None
    except (TypeError, ValueError):
        return None
    return found.replace(tzinfo=UTC) if found and found.tzinfo is None else found


def clock(at: datetime, now: datetime) -> str:
    """Local time, with the date when it is not today's."""
    here, today = at.astimezone(), now.astimezone()
    return here.strftime("%H:%M") if here.date() == today.date() else here.strftime("%Y-%m-%d %H:%M")


def until(text: str | None, now: datetime) -> str:
    """How long from now, or how long ago."""
    at = moment(text)
    if at is None:
        return "-"
    seconds = (at - now).total_seconds()
    return f"in {span(seconds)}" if seconds >= 0 else f"{span(-seconds)} ago"


def clean(text: object) -> str:
    """Text from outside without anything that could steer a terminal; one line."""
    line = str(text)
    return line if line.isprintable() else "".join(letter if letter.isprintable() else " " for letter in line)


def cells(text: str) -> int:
    """Columns a terminal needs for it."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    marks = sum(unicodedata.combining(letter) != 0 for letter in text)
    return len(text) + wide - marks


def cut(text: str, width: int) -> str:
    """At most `width` columns, … for what is missing at the end."""
    if cells(text) <= width:
        return text
    while text and cells(text) > width - 1:
        text = text[:-1]
    return text.rstrip() + "…" if width > 0 else ""


def wrapped(text: str, width: int) -> list[str]:
    """All of its words in lines of at most `width` columns; a word is broken only where it is wider than a line."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        if line and cells(f"{line} {word}") > width:
            lines.append(line)
            line = ""
        line = f"{line} {word}" if line else word
        while cells(line) > width and len(line) > 1:
            size = next((n for n in range(len(line), 1, -1) if cells(line[:n]) <= width), 1)
            lines.append(line[:size])
            line = line[size:]
    return [*lines, line] if line else lines


def elide(text: str, width: int) -> str:
    """An id in at most `width` columns: … in its middle pieces, then in its last, so that it stays recognisable."""
    pieces = text.split(":")
    for i in (*range(1, len(pieces) - 1), len(pieces) - 1):
        excess = cells(":".join(pieces)) - width
        if excess <= 0:
            break
        inner = i < len(pieces) - 1
        wanted = max(_INNER if inner else _LAST, cells(pieces[i]) - excess)
        pieces[i] = cut(pieces[i], wanted) if inner else _middle(pieces[i], wanted)
    return _middle(":".join(pieces), width)


_INNER = 5  # four letters of a UUID tell the places of a market apart
_LAST = 9
OFFER = 26
"""Columns in which an offer's id is still found again by what is left of it: tensordock:1a77…:gefo…24gb."""


def _middle(text: str, width: int) -> str:
    if cells(text) <= width or width < 3:
        return cut(text, width)
    tail = (width - 1) // 2
    return text[: width - 1 - tail] + "…" + text[-tail:]
