"""Every route there is, one row each. What has no row cannot be asked for, and no row is without a role."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from chalicelib.api import filters
from chalicelib.api.filters import PAGED
from chalicelib.api.late import Room, found

if TYPE_CHECKING:
    import msgspec

    from chalicelib.api import (
        agent,
        alerts,
        budgets,
        consumers,
        costs,
        health,
        inventory,
        keys,
        me,
        models,
        openapi,
        pages,
        prices,
        sessions,
        sweeps,
    )
    from chalicelib.api.calls import Answer, Call
else:
    agent, alerts, budgets, consumers, costs = map(Room, ("agent", "alerts", "budgets", "consumers", "costs"))
    health, inventory, keys, me, models = map(Room, ("health", "inventory", "keys", "me", "models"))
    openapi, pages, prices, sessions, sweeps = map(Room, ("openapi", "pages", "prices", "sessions", "sweeps"))


class Who(StrEnum):
    PUBLIC = "public"  # nobody is asked for a key
    ANY = "any"  # any valid key; the answer is the same for everyone
    CONSUMER = "consumer"  # any valid key, for what is the caller's own; operators reach everyone's
    OPERATOR = "operator"
    AGENT = "agent"  # the token of a live session's agent, and nothing else


class Row:
    """`query`: the parameters it takes, any other is refused; `body`: likewise, the fields of its body."""

    def __init__(
        self,
        method: str,
        path: str,
        who: Who,
        handler: "Callable[[Call[Any]], Answer]",
        query: tuple[str, ...] = (),
        body: "type[msgspec.Struct] | None" = None,
    ) -> None:
        self.method, self.path, self.who, self.query = method, path, who, query
        self._handler, self._body = handler, body
        self.__name__ = f"{method} {path}"  # Chalice wants its handlers to have one

    def __call__(self, *_: object, **__: object) -> None:
        """Chalice wants something to call for each route, and never comes to it: `dispatch` answers before."""
        raise NotImplementedError

    @property
    def handler(self) -> "Callable[[Call[Any]], Answer]":
        """Its room is loaded by this."""
        handler: Callable[[Call[Any]], Answer] = found(self._handler)
        return handler

    @property
    def body(self) -> "type[msgspec.Struct] | None":
        body: type[msgspec.Struct] | None = found(self._body)
        return body


# fmt: off
ROUTES: tuple[Row, ...] = (
    Row("GET",    "/health",                      Who.PUBLIC,   health.check),
    Row("GET",    "/openapi.json",                Who.PUBLIC,   openapi.show),
    Row("GET",    "/",                            Who.PUBLIC,   pages.index),
    Row("GET",    "/docs",                        Who.PUBLIC,   pages.docs),
    Row("GET",    "/dashboard/{name}",            Who.PUBLIC,   pages.asset),
    Row("GET",    "/me",                          Who.ANY,      me.show),
    Row("GET",    "/inventory",                   Who.ANY,      inventory.page, filters.INVENTORY + PAGED),
    Row("GET",    "/inventory/{offer_id}",        Who.ANY,      inventory.one, ("disk_gb",)),
    Row("GET",    "/prices",                      Who.ANY,      prices.page, filters.PRICES + PAGED),
    Row("POST",   "/sessions",                    Who.CONSUMER, sessions.create, body=models.SessionBody),
    Row("GET",    "/sessions",                    Who.CONSUMER, sessions.page, filters.SESSIONS + PAGED),
    Row("GET",    "/sessions/{id}",               Who.CONSUMER, sessions.one),
    Row("DELETE", "/sessions/{id}",               Who.CONSUMER, sessions.delete),
    Row("GET",    "/sessions/{id}/events",        Who.CONSUMER, sessions.events, PAGED),
    Row("POST",   "/sessions/{id}/done",          Who.CONSUMER, sessions.done),
    Row("POST",   "/sessions/{id}/extend",        Who.CONSUMER, sessions.extend, body=models.ExtendBody),
    Row("POST",   "/sessions/{id}/renew",         Who.CONSUMER, sessions.renew),
    Row("GET",    "/costs",                       Who.CONSUMER, costs.report, filters.COSTS),
    Row("GET",    "/budgets/{consumer}",          Who.CONSUMER, budgets.show),
    Row("PUT",    "/budgets/{consumer}",          Who.OPERATOR, budgets.put, body=models.BudgetBody),
    Row("GET",    "/alerts",                      Who.CONSUMER, alerts.page, ("consumer", *PAGED)),
    Row("POST",   "/alerts/subscriptions",        Who.CONSUMER, alerts.subscribe, body=models.SubscriptionBody),
    Row("GET",    "/alerts/subscriptions",        Who.CONSUMER, alerts.subscriptions, ("consumer", *PAGED)),
    Row("DELETE", "/alerts/subscriptions/{id}",   Who.CONSUMER, alerts.unsubscribe),
    Row("POST",   "/consumers",                   Who.OPERATOR, consumers.create, body=models.ConsumerBody),
    Row("GET",    "/consumers",                   Who.OPERATOR, consumers.page, PAGED),
    Row("PATCH",  "/consumers/{id}",              Who.OPERATOR, consumers.change, body=models.ConsumerChangeBody),
    Row("POST",   "/consumers/{id}/keys",         Who.OPERATOR, keys.create),
    Row("GET",    "/consumers/{id}/keys",         Who.OPERATOR, keys.page, PAGED),
    Row("DELETE", "/consumers/{id}/keys/{key_id}", Who.OPERATOR, keys.delete),
    Row("POST",   "/agent/heartbeat",             Who.AGENT,    agent.heartbeat, body=models.HeartbeatBody),
    Row("GET",    "/agent/agent.sh",              Who.PUBLIC,   agent.script),
    Row("POST",   "/sweeps/{name}",               Who.OPERATOR, sweeps.start),
)
# fmt: on


def by_path(rows: tuple[Row, ...]) -> Mapping[str, Mapping[str, Row]]:
    """path → method → row."""
    found: dict[str, dict[str, Row]] = {}
    for row in rows:
        found.setdefault(row.path, {})[row.method] = row
    return found
