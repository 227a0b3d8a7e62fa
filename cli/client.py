"""The service's HTTP interface as Python calls; usable alone, `Client(url, key)`: see docs/python.md."""

from collections.abc import Iterator, Mapping
from typing import Any, cast
from urllib.parse import quote

from cli.config import NO_KEY
from cli.errors import Unreachable
from cli.shapes import (
    Budget,
    Consumer,
    ConsumerList,
    Costs,
    Event,
    Health,
    Inventory,
    Key,
    KeyList,
    Launch,
    Offer,
    Session,
    SessionList,
)
from cli.transport import Transport

PAGE = 100
Filters = Mapping[str, object]
"""Query parameters: a list is given once for each of its values, None not at all."""
NOTHING: Filters = {}


class Client:
    """Every call raises ApiError or Unreachable. Lists are fetched page by page, iterators as far as they are read."""

    def __init__(self, url: str, key: str | None, no_key: str = NO_KEY) -> None:
        self._http = Transport(url, key, no_key)

    def health(self) -> Health:
        """Also when the service calls itself down."""
        return cast(Health, self._object("GET", "/health", ("status",), accept=(503,)))

    def inventory(self, filters: Filters = NOTHING, limit: int | None = None) -> Inventory:
        """Up to `limit` offers, all of them by default, as one answer; `next_cursor` tells whether more exist."""
        return cast(Inventory, self._merged("/inventory", "offers", filters, limit))

    def offer(self, offer_id: str, disk_gb: int | None = None) -> Offer:
        """`price_per_hour` with that much disk. Raises ApiError 404 when it is gone."""
        params = _query({"disk_gb": disk_gb})
        return cast(Offer, self._object("GET", f"/inventory/{_segment(offer_id)}", params=params, repeat=True))

    def prices(self, filters: Filters = NOTHING, limit: int | None = None) -> dict[str, Any]:
        """What cards cost lately, each at each market."""
        return self._merged("/prices", "prices", filters, limit)

    def open_session(self, launch: Launch, idempotency_key: str) -> Session:
        """The session in `pending`. Asked once more, with the same key, when the answer is lost: never two machines."""
        headers = {"Idempotency-Key": idempotency_key}
        return self._session("POST", "/sessions", body=launch, headers=headers, repeat=True)

    def session(self, session_id: str) -> Session:
        return self._session("GET", f"/sessions/{_segment(session_id)}", repeat=True)

    def sessions(self, filters: Filters = NOTHING, limit: int | None = None) -> Iterator[Session]:
        """Newest first."""
        return cast(Iterator[Session], self._items("/sessions", "sessions", filters, limit))

    def session_list(self, filters: Filters = NOTHING, limit: int | None = None) -> SessionList:
        """The same as one answer."""
        return cast(SessionList, self._merged("/sessions", "sessions", filters, limit))

    def events(self, session_id: str) -> list[Event]:
        """Oldest first."""
        return cast(list[Event], list(self._items(f"/sessions/{_segment(session_id)}/events", "events")))

    def done(self, session_id: str) -> Session:
        return self._session("POST", f"/sessions/{_segment(session_id)}/done", repeat=True)

    def delete(self, session_id: str) -> Session:
        return self._session("DELETE", f"/sessions/{_segment(session_id)}", repeat=True)

    def extend(self, session_id: str, hours: float, override: bool = False) -> Session:
        """Adds up: never asked twice, so after Unreachable look at `expires_at` first."""
        body = {"hours": hours} | ({"override": True} if override else {})
        return self._session("POST", f"/sessions/{_segment(session_id)}/extend", body=body)

    def renew(self, session_id: str) -> Session:
        """Its lease begins anew. Raises ApiError 409 `no_lease` or `not_live`."""
        return self._session("POST", f"/sessions/{_segment(session_id)}/renew", repeat=True)

    def consumers(self) -> ConsumerList:
        return cast(ConsumerList, self._merged("/consumers", "consumers"))

    def create_consumer(self, fields: dict[str, object]) -> Consumer:
        return cast(Consumer, self._object("POST", "/consumers", body=fields))

    def change_consumer(self, consumer_id: str, fields: dict[str, object]) -> Consumer:
        return cast(Consumer, self._object("PATCH", f"/consumers/{_segment(consumer_id)}", body=fields))

    def keys(self, consumer_id: str) -> KeyList:
        return cast(KeyList, self._merged(f"/consumers/{_segment(consumer_id)}/keys", "keys"))

    def create_key(self, consumer_id: str) -> Key:
        """The only answer that ever holds the key itself."""
        path = f"/consumers/{_segment(consumer_id)}/keys"
        return cast(Key, self._object("POST", path, ("key_id", "key")))

    def delete_key(self, consumer_id: str, key_id: str) -> dict[str, Any]:
        return self._http.call("DELETE", f"/consumers/{_segment(consumer_id)}/keys/{_segment(key_id)}", repeat=True)

    def me(self) -> dict[str, Any]:
        """Whose key this is."""
        return self._http.call("GET", "/me", repeat=True)

    def costs(self, filters: Filters = NOTHING) -> Costs:
        needs = ("currency", "from", "to")
        return cast(Costs, self._object("GET", "/costs", needs, params=_query(filters), repeat=True))

    def budget(self, consumer_id: str) -> Budget:
        return cast(Budget, self._object("GET", f"/budgets/{_segment(consumer_id)}", ("consumer",), repeat=True))

    def set_budget(self, consumer_id: str, fields: dict[str, object]) -> Budget:
        path = f"/budgets/{_segment(consumer_id)}"
        return cast(Budget, self._object("PUT", path, ("consumer",), body=fields, repeat=True))

    def alerts(self, filters: Filters = NOTHING, limit: int | None = None) -> dict[str, Any]:
        """Newest first."""
        return self._merged("/alerts", "alerts", filters, limit)

    def subscriptions(self, filters: Filters = NOTHING) -> dict[str, Any]:
        return self._merged("/alerts/subscriptions", "subscriptions", filters)

    def subscribe(self, fields: dict[str, object]) -> dict[str, Any]:
        return self._object("POST", "/alerts/subscriptions", body=fields, repeat=True)

    def unsubscribe(self, subscription_id: str) -> dict[str, Any]:
        return self._object("DELETE", f"/alerts/subscriptions/{_segment(subscription_id)}")

    def sweep(self, name: str) -> dict[str, Any]:
        return self._http.call("POST", f"/sweeps/{_segment(name)}")

    def _session(self, method: str, path: str, **options: Any) -> Session:
        return cast(Session, self._object(method, path, ("id", "status"), **options))

    def _object(self, method: str, path: str, needs: tuple[str, ...] = ("id",), **options: Any) -> dict[str, Any]:
        answer = self._http.call(method, path, **options)
        if any(not isinstance(answer.get(name), str) for name in needs):
            raise self._strange(method, path)
        return answer

    def _merged(self, path: str, plural: str, filters: Filters = NOTHING, limit: int | None = None) -> dict[str, Any]:
        """All pages as one answer: what stands beside the items is the last page's."""
        items: list[Any] = []
        answer: dict[str, Any] = {}
        for answer in self._pages(path, plural, filters, limit):
            items += answer[plural]
        return answer | {plural: items, "count": len(items), "next_cursor": answer.get("next_cursor")}

    def _items(self, path: str, plural: str, filters: Filters = NOTHING, limit: int | None = None) -> Iterator[Any]:
        for answer in self._pages(path, plural, filters, limit):
            yield from answer[plural]

    def _pages(self, path: str, plural: str, filters: Filters, limit: int | None) -> Iterator[dict[str, Any]]:
        cursor: str | None = None
        seen: set[str] = set()
        taken = 0
        while limit is None or taken < limit:
            size = PAGE if limit is None else min(PAGE, limit - taken)
            params = _query({**filters, "limit": size, "cursor": cursor})
            answer = self._http.call("GET", path, params=params, repeat=True)
            if not isinstance(answer.get(plural), list):
                raise self._strange("GET", path)
            yield answer
            taken += len(answer[plural])
            cursor = answer.get("next_cursor")
            if not cursor:
                return
            if cursor in seen:
                raise Unreachable(f"{self._http.url}{path} repeats a page", "try again")
            seen.add(cursor)

    def _strange(self, method: str, path: str) -> Unreachable:
        return Unreachable(f"{self._http.url} answers {method} {path} in an unknown form", "check GPU_SHOPPER_URL")


def _segment(text: str) -> str:
    """One piece of a path; colons are plain in a path, and offer ids are full of them."""
    return quote(text, safe=":")


def _query(filters: Filters) -> list[tuple[str, str]]:
    found = []
    for name, value in filters.items():
        values = value if isinstance(value, list) else [] if value is None else [value]
        found += [(name, _spelled(one)) for one in values]
    return found


def _spelled(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value) if isinstance(value, float) and value.is_integer() else value)
