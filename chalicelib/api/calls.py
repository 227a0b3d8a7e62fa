"""One request as a handler sees it, and one answer as a handler gives it."""

from collections.abc import Mapping
from typing import Generic, TypeVar

import msgspec

from chalicelib.api.queries import QueryString
from chalicelib.domain.access import Caller
from chalicelib.domain.instant import Instant
from chalicelib.domain.session import Session
from chalicelib.ports import Ports

B = TypeVar("B")


class Call(msgspec.Struct, Generic[B], frozen=True):
    """`body` is the row's model, already read, or None where the row takes no body."""

    ports: Ports
    path: str
    """As it was asked for, with the stage in front where the platform puts one."""
    params: Mapping[str, str]
    query: QueryString
    headers: Mapping[str, str]
    body: B
    known: Caller | None
    """None on public rows and on those for agents."""
    told_by: Session | None = None
    """On rows for agents: the session whose agent asks."""

    @property
    def caller(self) -> Caller:
        if self.known is None:
            raise LookupError("a public row knows no caller")
        return self.known

    @property
    def agent_of(self) -> Session:
        if self.told_by is None:
            raise LookupError("only a row for agents knows one")
        return self.told_by

    @property
    def now(self) -> Instant:
        return self.ports.clock.now()


class Answer(msgspec.Struct, frozen=True):
    """`body` is anything that JSON can hold; bytes are text of another kind, sent as they are (UTF-8)."""

    status: int
    body: object
    headers: Mapping[str, str] = {}
