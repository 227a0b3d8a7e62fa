"""Which handler answers which path, and what kind of operation that is to the fault switches."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from simulators.server import Reply, Request


class Call(NamedTuple):
    """A request on its way through a market: what the path said and who asks."""

    request: Request
    route: "Route"
    ids: dict[str, str]
    who: str | None
    """`account`, `machine:<id>` for a key of that machine alone, empty for nobody, None for a wrong key."""
    now: float

    def id(self) -> str:
        return self.ids.get("id", "")


class Route(NamedTuple):
    """`pattern` holds `{names}`; `open` means that no credentials are needed."""

    method: str
    pattern: str
    handler: Callable[[Call], Reply]
    operation: str = "other"
    open: bool = False
    machine_keys: bool = False
    """A machine's own key may call it, for that machine."""


class Refused(Exception):
    """The market says no; `reply` says how."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def refuse(status: int, body: Any) -> Refused:
    return Refused(Reply(status, body))


class Door(Protocol):
    """How a market tells its callers apart, and how it words its refusals."""

    routes: list[Route]

    def identify(self, request: Request) -> str | None:
        """`account`, `machine:<id>`, empty without credentials, None for wrong ones."""

    def admit(self, call: Call) -> None:
        """Raises Refused."""

    def limited(self, call: Call) -> Reply | None:
        """The answer to a call that comes too soon."""

    def too_many(self, retry_after: float, now: float) -> Reply: ...

    def unauthorized(self, form: str) -> Reply: ...

    def unreadable(self) -> Reply:
        """The answer to a body that is no JSON."""

    def label_asked(self, body: Any) -> str:
        """The label a create call asks for, empty when there is none."""


class Router:
    def __init__(self, routes: list[Route]) -> None:
        self._fixed = {(route.method, route.pattern): route for route in routes if "{" not in route.pattern}
        self._open = [(_compiled(route.pattern), route) for route in routes if "{" in route.pattern]

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        fixed = self._fixed.get((method, path))
        if fixed is not None:
            return fixed, {}
        for pattern, route in self._open:
            if route.method == method and (match := pattern.fullmatch(path)):
                return route, match.groupdict()
        return None


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern))
