"""The `/_sim/` routes: what really happened, and the switches for what should."""

from collections import Counter, deque
from typing import Any

import msgspec

from simulators.faults import CATALOGUE, Fault, UnknownFault
from simulators.machine import Machine
from simulators.market import Market
from simulators.server import Reply, Request


class Admin:
    """No credentials: the server listens on loopback only.

    GET machines, machines/{id}, books, faults, calls, options · POST faults `{name, …}` or `{"set": [...],
    "clear": true | [names]}` · POST clock `{"advance": seconds}` · POST options `{name: value}` · POST credit
    `{"add": dollars}` · POST machines `{"label": text}` (a foreign machine) · POST machines/{id}/{action}
    (any: `stop, vanish, price, exit, outbid, ssh_off, ssh_on, relabel`; Vast.ai also: `offline, online, seat`,
    the last giving a queued or outbid contract its GPUs) · POST offers/churn
    `{"fraction": 0.1}`.
    """

    def __init__(self, market: Market[Any], counts: Counter[str], log: deque[dict[str, Any]]) -> None:
        self._market = market
        self._counts = counts
        self._log = log

    def __call__(self, request: Request) -> Reply:
        words = request.path.split("/")[2:]
        try:
            body = request.json()
            if not isinstance(body, dict):
                return _bad("the body must be an object")
            answer = self._get(words) if request.method == "GET" else self._post(words, body)
        except (UnknownFault, msgspec.DecodeError, ValueError, TypeError) as error:
            return _bad(str(error))
        return Reply(404, {"error": "no such admin route"}) if answer is None else Reply(200, answer)

    def _get(self, words: list[str]) -> dict[str, Any] | None:
        market = self._market
        match words:
            case ["machines"]:
                with market.transaction() as now:
                    return {"machines": [self._view(machine, now) for machine in market.machines.values()]}
            case ["machines", machine_id] if machine_id in market.machines:
                with market.transaction() as now:
                    return self._view(market.machines[machine_id], now)
            case ["books"]:
                return market.books()
            case ["faults"]:
                return {"active": msgspec.to_builtins(market.state.faults.active), "known": CATALOGUE}
            case ["calls"]:
                return {"counts": dict(self._counts), "log": list(self._log)}
            case ["options"]:
                return {"options": msgspec.to_builtins(market.options)}
        return None

    def _post(self, words: list[str], body: dict[str, Any]) -> dict[str, Any] | None:
        market = self._market
        match words:
            case ["faults"]:
                return self._switch(body)
            case ["clock"]:
                market.advance(float(body.get("advance", 0)))
                return {"now": market.clock.now()}
            case ["options"]:
                return self._configure(body)
            case ["credit"]:
                market.top_up(float(body.get("add", 0)))
                return market.books()
            case ["machines"]:
                with market.transaction() as now:
                    machine = market.plant(body.get("label"), now)
                    market.touch()
                    return self._view(machine, now)
            case ["machines", machine_id, action] if machine_id in market.machines:
                return self._act(market.machines[machine_id], action, body)
            case ["offers", "churn"]:
                with market.transaction() as now:
                    market.touch()
                    return {"changed": market.churn(float(body.get("fraction", 0.1)), now)}
        return None

    def _switch(self, body: dict[str, Any]) -> dict[str, Any]:
        wanted = body.get("set", [body] if "name" in body else [])
        faults = msgspec.convert(wanted, type=list[Fault])
        cleared = body.get("clear", [])
        with self._market.transaction() as now:
            for name in [None] if cleared is True else cleared:
                self._market.state.faults.clear(name)
            for fault in faults:
                self._market.state.faults.set(fault, now)
            self._market.touch()
            return {"active": msgspec.to_builtins(self._market.state.faults.active)}

    def _configure(self, body: dict[str, Any]) -> dict[str, Any]:
        market = self._market
        with market.transaction():
            merged = {**msgspec.to_builtins(market.options), **body}
            market.set_options(msgspec.convert(merged, type=type(market.options)))
            return {"options": msgspec.to_builtins(market.options)}

    def _act(self, machine: Machine, action: str, body: dict[str, Any]) -> dict[str, Any] | None:
        market = self._market
        with market.transaction() as now:
            market.touch()
            match action:
                case "vanish":
                    market.bury(machine, "vanished", now)
                case "relabel":
                    machine.label = body.get("label")
                case "ssh_off" | "ssh_on":
                    machine.ssh_mode = "on" if action == "ssh_on" else str(body.get("mode", "refuse"))
                    market.refresh(machine, now)
                case _:
                    if not market.act(machine, action, body, now):
                        return None
            return self._view(machine, now)

    def _view(self, machine: Machine, now: float) -> dict[str, Any]:
        ledger = self._market.state.ledger
        meter = ledger.meters.get(machine.id)
        return {
            **self._market.view(machine, now),
            "id": machine.id,
            "label": machine.label,
            "foreign": machine.foreign,
            "alive": machine.alive,
            "stage": machine.stage,
            "history": machine.history,
            "created_at": machine.created_at,
            "booted_at": machine.booted_at,
            "gone_at": machine.gone_at,
            "gone_by": machine.gone_by,
            "destroy_calls": machine.destroy_calls,
            "ssh": {"host": machine.ssh_host, "port": machine.ssh_port, "mode": machine.ssh_mode},
            "ssh_keys": machine.ssh_keys,
            "cost": ledger.cost(machine.id, now),
            "rate_per_hour": sum(charge.rate for charge in ledger.open.get(machine.id, [])),
            "seconds": meter.seconds(now) if meter else {},
            "charges": msgspec.to_builtins(meter.charges) if meter else [],
        }


def _bad(text: str) -> Reply:
    return Reply(400, {"error": text})
