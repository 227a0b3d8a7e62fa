"""The front door of a fake market: every call passes the faults, the credentials and the limits, and is logged."""

import contextlib
from collections import Counter, deque
from typing import Any

import msgspec

from simulators.admin import Admin
from simulators.market import Market
from simulators.router import Call, Door, Refused, Route, Router
from simulators.server import Hangup, Reply, Request

LOGGED = ("create", "destroy")


class Gateway:
    """The HTTP application of one market."""

    def __init__(self, market: Market[Any], door: Door) -> None:
        self._market = market
        self._door = door
        self._router = Router(door.routes)
        self.counts: Counter[str] = Counter()
        self.log: deque[dict[str, Any]] = deque(maxlen=10_000)
        self._admin = Admin(market, self.counts, self.log)

    def __call__(self, request: Request) -> Reply:
        if request.path.startswith("/_sim"):
            return self._admin(request)
        found = self._router.find(request.method, request.path)
        if found is None:
            self.counts[f"{request.method} {request.path} 404"] += 1
            return Reply(404, {"success": False, "error": "not_found", "msg": "no such route"})
        route, ids = found
        facts = self._facts(request, route, ids)
        try:
            reply = self._answer(request, route, ids, facts)
        except Hangup:
            self._note(request, route, facts, "hang")
            raise
        self._note(request, route, facts, str(reply.status))
        return reply

    def _answer(self, request: Request, route: Route, ids: dict[str, str], facts: dict[str, str]) -> Reply:
        market = self._market
        with market.transaction() as now:
            outage = market.strike("any.outage", now, **facts)
            wire, params = ("", {}) if outage else self._wire_fault(facts, now)
            slow = None if outage else self._strike_either("slow", facts, now)
            machine = market.machines.get(facts["id"])
            if machine is not None and route.operation == "destroy" and not outage:
                machine.destroy_calls.append(now)
                market.touch()
        if outage:
            if outage["mode"] == "close":
                raise Hangup(0)
            return Reply(503, b"Service Unavailable", content_type="text/plain")
        if slow:
            market.closing.wait(float(slow["seconds"]))
        if not wire:
            return self._run(request, route, ids, facts)
        if params.get("effect"):
            self._run(request, route, ids, facts)
        return self._spoil(wire, params, now)

    def _run(self, request: Request, route: Route, ids: dict[str, str], facts: dict[str, str]) -> Reply:
        """The call itself, as the market would answer it on a good day."""
        market = self._market
        with market.transaction() as now:
            auth = None if route.open else market.strike("any.auth", now, **facts)
            if auth is not None:
                return self._door.unauthorized(str(auth["form"]))
            call = Call(request=request, route=route, ids=ids, who=self._door.identify(request), now=now)
            try:
                self._door.admit(call)
                early = self._door.limited(call)
                if early is not None:
                    return early
                if request.method != "GET" and route.operation != "search":
                    market.touch()
                return route.handler(call)
            except Refused as refused:
                return refused.reply
            except msgspec.DecodeError:
                return self._door.unreadable()

    def _wire_fault(self, facts: dict[str, str], now: float) -> tuple[str, dict[str, Any]]:
        for kind in ("rate_limited", "hang", "error", "garbage"):
            params = self._strike_either(kind, facts, now)
            if params is not None:
                return kind, params
        return "", {}

    def _strike_either(self, kind: str, facts: dict[str, str], now: float) -> dict[str, Any] | None:
        own = self._market.strike(f"{facts['op']}.{kind}", now, **facts)
        return own if own is not None else self._market.strike(f"any.{kind}", now, **facts)

    def _spoil(self, wire: str, params: dict[str, Any], now: float) -> Reply:
        if wire == "hang":
            raise Hangup(float(params["seconds"]))
        if wire == "rate_limited":
            return self._door.too_many(float(params["retry_after"]), now)
        if wire == "garbage":
            return Reply(200, b"<html><body>It works!", content_type="text/html")
        return Reply(int(params["status"]), str(params["body"]).encode(), content_type="text/plain")

    def _facts(self, request: Request, route: Route, ids: dict[str, str]) -> dict[str, str]:
        """What fault switches can be matched against."""
        facts = {"op": route.operation, "method": request.method, "path": request.path, "id": ids.get("id", "")}
        machine = self._market.machines.get(facts["id"])
        if machine is not None:
            facts["label"] = machine.label or ""
        elif route.operation == "create":
            with contextlib.suppress(msgspec.DecodeError):
                facts["label"] = self._door.label_asked(request.json())
        return facts

    def _note(self, request: Request, route: Route, facts: dict[str, str], outcome: str) -> None:
        self.counts[f"{route.method} {route.pattern} {outcome}"] += 1
        if route.operation in LOGGED:
            self.log.append(
                {
                    "at": self._market.clock.now(),
                    "op": route.operation,
                    "method": request.method,
                    "path": request.path,
                    "label": facts.get("label", ""),
                    "outcome": outcome,
                }
            )
