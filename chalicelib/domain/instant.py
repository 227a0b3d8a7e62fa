"""Time inside the service: whole milliseconds since the Unix epoch, UTC."""

from datetime import UTC, datetime

Instant = int
"""A moment: milliseconds since 1970-01-01T00:00:00Z."""

Millis = int
"""A length of time in milliseconds."""

SECOND: Millis = 1_000
HOUR: Millis = 3_600_000
DAY: Millis = 24 * HOUR


def seconds(length: float) -> Millis:
    """Policy numbers are seconds; the rules count milliseconds."""
    return round(length * SECOND)


def hours(length: float) -> Millis:
    return round(length * HOUR)


def rfc3339(moment: Instant) -> str:
    """`2026-11-23T15:29:00.123Z`, the only form in which a moment leaves the service."""
    stamp = datetime.fromtimestamp(moment / SECOND, UTC)
    return stamp.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment % SECOND:03d}Z"
