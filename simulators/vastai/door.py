"""The routes of the fake Vast.ai, who may call them, and how it words its refusals."""

import functools
from collections.abc import Callable
from typing import Any

import msgspec

from simulators.router import Call, Refused, Route, refuse
from simulators.server import Reply, Request
from simulators.vastai import account, create, mutations, reads
from simulators.vastai.limits import Limits, quota_exceeded, too_frequent
from simulators.vastai.market import VastMarket
from simulators.vastai.search import search


class VastDoor:
    """See `simulators.router.Door`."""

    def __init__(self, market: VastMarket) -> None:
        self._market = market
        self._limits = Limits()
        self.routes = _routes(market)

    def identify(self, request: Request) -> str | None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        key = key.strip() if scheme.lower() == "bearer" else request.query.get("api_key", "")
        if not key:
            return ""
        if (machine_id := self._market.keys.get(key)) is not None:
            return f"machine:{machine_id}" if self._market.machines[machine_id].alive else None
        return "account" if self._market.options.api_key in ("", key) else None

    def admit(self, call: Call) -> None:
        if call.who is None:
            raise Refused(self.unauthorized(""))
        if call.route.open or call.who == "account":
            return
        if not call.who:
            raise refuse(403, {"success": False, "error": "auth_error", "msg": "This action requires login."})
        if not call.route.machine_keys or call.who != f"machine:{call.id()}":
            raise refuse(403, {"success": False, "error": "auth_error", "msg": "This key does not permit that."})

    def limited(self, call: Call) -> Reply | None:
        if call.route.operation == "search" and self._market.strike("search.quota", call.now, op="search") is not None:
            return quota_exceeded(call.now)
        return self._limits.check(call) if self._market.options.rate_limits else None

    def too_many(self, retry_after: float, now: float) -> Reply:
        return too_frequent(retry_after, now)

    def unauthorized(self, form: str) -> Reply:
        """`form` may be 401, the documented status; the recorded one is 404."""
        return Reply(int(form or 404), {"success": False, "error": "auth_error", "msg": "Invalid user key"})

    def unreadable(self) -> Reply:
        return Reply(400, {"success": False, "error": "invalid_request", "msg": "Invalid json body"})

    def label_asked(self, body: Any) -> str:
        return str(body.get("label") or "") if isinstance(body, dict) else ""


def _search_body(market: VastMarket, call: Call) -> Reply:
    """POST /bundles/."""
    return Reply(200, search(market.book, call.request.object(), call.now, market.dice))


def _search_query(market: VastMarket, call: Call) -> Reply:
    """GET /bundles/?q=…"""
    query = msgspec.json.decode(call.request.query.get("q") or b"{}", type=dict[str, Any])
    return Reply(200, search(market.book, query, call.now, market.dice))


def _search_asks(market: VastMarket, call: Call) -> Reply:
    """PUT /search/asks/ {"q": {…}, "select_cols": [...]}."""
    body = call.request.object()
    query, columns = msgspec.convert(body.get("q", {}), dict[str, Any]), body.get("select_cols")
    answer = search(market.book, query, call.now, market.dice)
    if isinstance(columns, list) and columns and "*" not in columns:
        answer["offers"] = [{name: row.get(name) for name in columns} for row in answer["offers"]]
    return Reply(200, answer)


def _gpu_names(market: VastMarket, call: Call) -> Reply:
    """GET /gpu_names/unique/."""
    return Reply(200, {"gpu_names": sorted({host.gpu_name for host in market.book.hosts.values()})})


def _routes(market: VastMarket) -> list[Route]:
    def to(handler: Callable[[VastMarket, Call], Reply]) -> Callable[[Call], Reply]:
        return functools.partial(handler, market)

    v0, one = "/api/v0", "/api/v0/instances/{id}"
    return [
        Route("POST", f"{v0}/bundles", to(_search_body), "search", open=True),
        Route("GET", f"{v0}/bundles", to(_search_query), "search", open=True),
        Route("PUT", f"{v0}/search/asks", to(_search_asks), "search", open=True),
        Route("GET", f"{v0}/gpu_names/unique", to(_gpu_names), open=True),
        Route("PUT", f"{v0}/asks/{{id}}", to(create.create), "create"),
        Route("GET", "/api/v1/instances", to(reads.new_list), "list"),
        Route("GET", f"{v0}/instances", to(reads.old_list), "list"),
        Route("DELETE", f"{v0}/instances", to(mutations.destroy_many), "destroy"),
        Route("PUT", f"{v0}/instances", to(mutations.change_many)),
        Route("GET", one, to(reads.get_one), "get", machine_keys=True),
        Route("PUT", one, to(mutations.change)),
        Route("DELETE", one, to(mutations.destroy), "destroy", machine_keys=True),
        Route("GET", f"{one}/ssh", to(account.attached_keys)),
        Route("POST", f"{one}/ssh", to(account.attach_key)),
        Route("DELETE", f"{one}/ssh/{{key}}", to(account.detach_key)),
        Route("PUT", f"{v0}/instances/reboot/{{id}}", to(mutations.reboot)),
        Route("PUT", f"{v0}/instances/recycle/{{id}}", to(mutations.recycle)),
        Route("PUT", f"{v0}/instances/bid_price/{{id}}", to(mutations.bid_price)),
        Route("PUT", f"{v0}/instances/request_logs/{{id}}", to(mutations.request_logs)),
        Route("GET", "/results/{id}/{token}", to(mutations.log_text), open=True),
        Route("GET", f"{v0}/ssh", to(account.list_keys)),
        Route("POST", f"{v0}/ssh", to(account.add_key)),
        Route("PUT", f"{v0}/ssh/{{id}}", to(account.change_key)),
        Route("DELETE", f"{v0}/ssh/{{id}}", to(account.remove_key)),
        Route("GET", f"{v0}/users/current", to(account.current_user)),
        Route("GET", f"{v0}/charges", to(account.charges)),
    ]
