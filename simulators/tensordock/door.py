"""The routes of the fake TensorDock, who may call them, and how it words its refusals."""

import functools
import math
from collections import deque
from collections.abc import Callable
from typing import Any

from simulators.router import Call, Refused, Route
from simulators.server import Reply, Request
from simulators.tensordock import inventory, keyring, vms
from simulators.tensordock.market import TensorDockMarket

CALLS_PER_MINUTE = 100


class TensorDockDoor:
    """See `simulators.router.Door`."""

    def __init__(self, market: TensorDockMarket) -> None:
        self._market = market
        self._calls: deque[float] = deque()
        self.routes = _routes(market)

    def identify(self, request: Request) -> str | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        token = token.strip() if scheme.lower() == "bearer" else ""
        if not token:
            return ""
        return "account" if self._market.options.api_key in ("", token) else None

    def admit(self, call: Call) -> None:
        if call.route.open or call.who == "account":
            return
        if call.route.pattern.startswith("/api/v2/hostnodes"):
            raise Refused(Reply(403, b"", content_type="text/plain"))
        raise Refused(self.unauthorized(""))

    def limited(self, call: Call) -> Reply | None:
        if not self._market.options.rate_limits:
            return None
        while self._calls and call.now - self._calls[0] >= 60:
            self._calls.popleft()
        if len(self._calls) >= CALLS_PER_MINUTE:
            return self.too_many(60 - (call.now - self._calls[0]), call.now)
        self._calls.append(call.now)
        return None

    def too_many(self, retry_after: float, now: float) -> Reply:
        body = {"error": "Rate limit exceeded. Please try again later."}
        return Reply(429, body, {"Retry-After": str(max(1, math.ceil(retry_after)))})

    def unauthorized(self, form: str) -> Reply:
        """`form` may be 403."""
        return Reply(int(form or 401), b"Unauthorized", content_type="text/plain")

    def unreadable(self) -> Reply:
        return Reply(400, {"error": "Invalid JSON"})

    def label_asked(self, body: Any) -> str:
        try:
            return str(body["data"]["attributes"]["name"])
        except (KeyError, TypeError):
            return ""


def _routes(market: TensorDockMarket) -> list[Route]:
    def to(handler: Callable[[TensorDockMarket, Call], Reply]) -> Callable[[Call], Reply]:
        return functools.partial(handler, market)

    v2, one = "/api/v2", "/api/v2/instances/{id}"
    return [
        Route("GET", f"{v2}/locations", to(inventory.locations), "search", open=True),
        Route("GET", f"{v2}/hostnodes", to(inventory.hostnodes)),
        Route("GET", f"{v2}/hostnodes/{{id}}", to(inventory.hostnode)),
        Route("POST", f"{v2}/auth/test", to(keyring.auth_test)),
        Route("POST", f"{v2}/instances", to(vms.create), "create"),
        Route("GET", f"{v2}/instances", to(vms.list_all), "list"),
        Route("GET", one, to(vms.get_one), "get"),
        Route("DELETE", one, to(vms.destroy), "destroy"),
        Route("POST", f"{one}/start", to(vms.start)),
        Route("POST", f"{one}/stop", to(vms.stop)),
        Route("PUT", f"{one}/modify", to(vms.modify)),
        Route("GET", f"{v2}/secrets", to(keyring.list_secrets)),
        Route("POST", f"{v2}/secrets", to(keyring.add_secret)),
        Route("GET", f"{v2}/secrets/{{id}}", to(keyring.get_secret)),
        Route("DELETE", f"{v2}/secrets/{{id}}", to(keyring.remove_secret)),
    ]
