"""The request limits of the fake Vast.ai: a least interval per endpoint and caller, and 10 searches a minute."""

import math
from collections import deque

from simulators.router import Call
from simulators.server import Reply

SEARCHES_PER_MINUTE = 10
# Seconds between two calls, as documented; routes that are not named share the default.
INTERVALS = {
    ("PUT", "/api/v0/asks/{id}"): 4.5,
    ("GET", "/api/v0/instances/{id}"): 2.0,
    ("DELETE", "/api/v0/instances/{id}"): 3.0,
    ("PUT", "/api/v0/instances/bid_price/{id}"): 5.5,
    ("DELETE", "/api/v0/instances/{id}/ssh/{key}"): 2.0,
}
DEFAULT_INTERVAL = 1.0


class Limits:
    """Forgets everything at a restart, as the real ones would for all we know."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str, str], float] = {}
        self._searches: deque[float] = deque()

    def check(self, call: Call) -> Reply | None:
        if call.route.operation == "search":
            while self._searches and call.now - self._searches[0] >= 60:
                self._searches.popleft()
            if len(self._searches) >= SEARCHES_PER_MINUTE:
                return too_frequent(60 - (call.now - self._searches[0]), call.now, SEARCHES_PER_MINUTE)
            self._searches.append(call.now)
            return None
        key = (call.route.method, call.route.pattern, call.who or "")
        interval = INTERVALS.get(key[:2], DEFAULT_INTERVAL)
        wait = self._last.get(key, 0.0) + interval - call.now
        if wait > 0:
            return too_frequent(wait, call.now, interval)
        self._last[key] = call.now
        return None


def too_frequent(retry_after: float, now: float, limit: float = 5.0) -> Reply:
    """The recorded 429, headers and body."""
    seconds = max(1, math.ceil(retry_after))
    return Reply(
        429,
        {
            "error": "HTTPTooManyRequests",
            "msg": "API requests too frequent",
            "retry_after": seconds,
            "limit": float(limit),
            "remaining": 0,
        },
        {
            "retry-after": str(seconds),
            "x-ratelimit-limit": str(float(limit)),
            "x-ratelimit-remaining": "0",
            "x-ratelimit-reset": str(int(now) + seconds),
        },
    )


def quota_exceeded(now: float) -> Reply:
    """The daily search quota: over until UTC midnight."""
    reset = (int(now) // 86_400 + 1) * 86_400
    return Reply(
        429,
        {"error": "search_quota_exceeded", "msg": "Daily search row quota exhausted"},
        {"X-RateLimit-Reset": str(reset), "Retry-After": str(reset - int(now))},
    )
