"""Where every record of the service comes out: one handler, one form, no secrets."""

import json
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from chalicelib.settings import Settings

SERVICE = "gpu-shopper"
_ROOTS = ("chalicelib", "local", "cloud-gpu-shopper")
"""Our packages, and the logger that Chalice names after the app. Third parties keep theirs."""

_SECRETS = re.compile(
    r"g[as]_[a-z0-9-]{4,}_[0-9a-f]{8,}"
    r"|(?P<scheme>\b(?:Bearer|Basic)\s+)[A-Za-z0-9._~+/=-]{8,}"
    r"|-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)",
    re.DOTALL,
)
_HIDDEN = "[redacted]"


def configure(settings: Settings) -> None:
    """Send the records of every room to standard output, as JSON or as text for people. Safe to repeat."""
    from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter  # takes a while: not at import

    hide = _redactor(settings)
    form = _as_text if settings.log_format == "text" else _as_json
    formatter = LambdaPowertoolsFormatter(
        json_serializer=lambda record: form({name: _clean(value, hide) for name, value in record.items()}),
        utc=True,
        use_rfc3339=True,
        serialize_stacktrace=False,
        service=SERVICE,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    for name in _ROOTS:
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(settings.log_level.upper())
        logger.propagate = False  # the platform's own root handler would print everything a second time


@contextmanager
def keys(**about: str) -> Iterator[None]:
    """Every record of this thread carries these keys while the block runs."""
    from aws_lambda_powertools.logging.formatter import THREAD_LOCAL_KEYS

    token = THREAD_LOCAL_KEYS.set({**THREAD_LOCAL_KEYS.get(), **about})
    try:
        yield
    finally:
        THREAD_LOCAL_KEYS.reset(token)


def _redactor(settings: Settings) -> re.Pattern[str]:
    """Anything in the shape of a key, and the keys that this deployment was given, whatever their shape."""
    given = [settings.operator_key, *(known.key for known in (settings.vastai, settings.tensordock) if known)]
    literal = "|".join(re.escape(key) for key in given if key and len(key) >= 8)
    return re.compile(f"{_SECRETS.pattern}|{literal}", re.DOTALL) if literal else _SECRETS


def _clean(value: object, hide: re.Pattern[str]) -> object:
    if isinstance(value, str):
        return hide.sub(lambda found: (found["scheme"] or "") + _HIDDEN, value)
    if isinstance(value, dict):
        return {str(name): _clean(part, hide) for name, part in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_clean(part, hide) for part in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return _clean(str(value), hide)


def _as_json(record: dict[str, object]) -> str:
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False)


_IN_THE_LINE = ("timestamp", "level", "message", "exception", "exception_name", "service", "location")


def _as_text(record: dict[str, object]) -> str:
    """`12:00:01 INFO    message  key=value`, then the traceback."""
    clock = str(record["timestamp"])[11:19]
    more = "".join(f"  {name}={value}" for name, value in record.items() if name not in _IN_THE_LINE)
    trace = f"\n{record['exception']}" if "exception" in record else ""
    return f"{clock} {record['level']:<7} {record['message']}{more}{trace}"
