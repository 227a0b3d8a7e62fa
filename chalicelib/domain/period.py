"""Days and months in UTC, by their names: `2026-11-23`, `2026-11`."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal

from chalicelib.domain.instant import DAY, SECOND, Instant

Kind = Literal["day", "month"]


def day(at: Instant) -> str:
    return _named(at // DAY)


def containing(kind: Kind, at: Instant) -> str:
    """The name of the day or month that this moment lies in."""
    return day(at) if kind == "day" else day(at)[:7]


def before(name: str) -> str:
    """The day before a day, the month before a month."""
    start, _ = bounds(name)
    return day(start - 1)[: len(name)]


@lru_cache(400)
def bounds(name: str) -> tuple[Instant, Instant]:
    """(its first moment, the first one after it)."""
    first = date.fromisoformat(name if len(name) == 10 else f"{name}-01")
    after = first + timedelta(days=1) if len(name) == 10 else (first + timedelta(days=32)).replace(day=1)
    return _midnight(first), _midnight(after)


def days(first: str, last: str) -> Iterator[str]:
    """Every day from the first to the last, both included."""
    at, end = date.fromisoformat(first), date.fromisoformat(last)
    while at <= end:
        yield at.isoformat()
        at += timedelta(days=1)


def months(first: str, last: str) -> list[str]:
    """The months that these days lie in, oldest first."""
    return list(dict.fromkeys(one[:7] for one in days(first, last)))


@lru_cache(400)  # every segment of every bill asks, and there are few days
def _named(number: int) -> str:
    """The day that begins so many days after the epoch."""
    return datetime.fromtimestamp(number * DAY // SECOND, UTC).strftime("%Y-%m-%d")


def _midnight(of: date) -> Instant:
    return round(datetime(of.year, of.month, of.day, tzinfo=UTC).timestamp()) * SECOND
