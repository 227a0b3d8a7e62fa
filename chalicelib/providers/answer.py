"""A market's answer, read: what it says, and how long it asks to be left alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

import msgspec

from chalicelib.domain.instant import SECOND, Instant
from chalicelib.providers.clean import number

_RETRY_AFTER_MAX = 900.0  # a daily quota names midnight: look again sooner than that


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer with a status below 500. `body` is the parsed JSON where `is_json`, else None."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: object = field(repr=False)
    text: str = field(repr=False)
    is_json: bool

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def fields(self) -> dict[str, object]:
        """The body where it is a JSON object, else an empty one."""
        return self.body if isinstance(self.body, dict) else {}


def parse(status: int, headers: Mapping[str, str], content: bytes) -> Answer:
    text = content.decode("utf-8", "replace")
    try:
        return Answer(status, headers, msgspec.json.decode(content), text, is_json=True)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return Answer(status, headers, None, text, is_json=False)


def retry_after(answer: Answer, now: Instant, default: float) -> float:
    """Seconds, from the header, the body, or the moment the limit resets; in this order."""
    asked = answer.headers.get("Retry-After", "")
    wait = number(asked, 0, 1e9)
    if wait is None and asked:
        wait = _until(asked, now)
    if wait is None:
        wait = number(answer.fields.get("retry_after"), 0, 1e9)
    if wait is None:
        reset = number(answer.headers.get("X-RateLimit-Reset"), 1e9, 1e11)
        wait = None if reset is None else reset - now / SECOND
    return min(max(default if wait is None else wait, 1.0), _RETRY_AFTER_MAX)


def _until(http_date: str, now: Instant) -> float | None:
    try:
        return parsedate_to_datetime(http_date).timestamp() - now / SECOND
    except (ValueError, OverflowError):
        return None
