"""Changing instances of the fake Vast.ai: destroy, stop, start, label, bid, reboot, logs."""

from collections.abc import Iterable
from typing import Any

from simulators.router import Call, refuse
from simulators.server import Reply
from simulators.vastai.contract import Contract
from simulators.vastai.market import VastMarket

LABEL_LIMIT = 1024
QUEUED = "Required resources are currently unavailable, state change queued."
DONE: dict[str, Any] = {"success": True}


def destroy(market: VastMarket, call: Call) -> Reply:
    """DELETE /instances/{id}/."""
    contract = market.machines.get(call.id())
    if contract is None or not contract.alive:
        raise _no_such(call.id())
    return _destroy_one(market, contract, call.now)


def destroy_many(market: VastMarket, call: Call) -> Reply:
    """DELETE /instances/ {"instance_ids": [...]}."""
    for contract in _named(market, call.request.object(), "instance_ids"):
        contract.destroy_calls.append(call.now)
        reply = _destroy_one(market, contract, call.now)
        if reply.body != DONE:
            return reply
    return Reply(200, DONE)


def _destroy_one(market: VastMarket, contract: Contract, now: float) -> Reply:
    facts = {"op": "destroy", "id": contract.id, "label": contract.label or ""}
    if market.strike("destroy.404", now, **facts) is not None:
        raise _no_such(contract.id)
    if (refused := market.strike("destroy.refused", now, **facts)) is not None:
        return Reply(200, {"success": False, "msg": refused["text"] or "The instance cannot be destroyed now."})
    if market.strike("destroy.ignored", now, **facts) is not None:
        return Reply(200, DONE)
    if market.strike("destroy.stops", now, **facts) is not None:
        market.halt(contract, now)
        return Reply(200, DONE)
    market.bury(contract, "destroyed", now)
    return Reply(200, DONE)


def change(market: VastMarket, call: Call) -> Reply:
    """PUT /instances/{id}/ {"state": …} or {"label": …}."""
    contract = alive(market, call.id())
    body = call.request.object()
    if "label" in body:
        label = body["label"]
        if label is not None and (not isinstance(label, str) or len(label) > LABEL_LIMIT):
            raise refuse(400, {"success": False, "error": "label_too_long", "msg": "label too long"})
        contract.label = label or None
        return Reply(200, DONE)
    return _set_state(market, contract, body.get("state"), call.now)


def change_many(market: VastMarket, call: Call) -> Reply:
    """PUT /instances/ {"ids": [...], "state": …}."""
    body = call.request.object()
    for contract in _named(market, body, "ids"):
        reply = _set_state(market, contract, body.get("state"), call.now)
        if reply.body != DONE:
            return reply
    return Reply(200, DONE)


def _set_state(market: VastMarket, contract: Contract, state: Any, now: float) -> Reply:
    if state == "stopped":
        if contract.intended != "stopped" or contract.queued:
            market.halt(contract, now)
        return Reply(200, DONE)
    if state == "running":
        if market.state.ledger.credit(now) <= 0:
            raise refuse(400, {"success": False, "error": "insufficient_credit", "msg": "Your account lacks credit."})
        return Reply(200, DONE if market.start(contract, now) else {"success": False, "msg": QUEUED})
    raise refuse(400, {"success": False, "error": "invalid_args", "msg": "'state' must be running or stopped"})


def reboot(market: VastMarket, call: Call) -> Reply:
    """PUT /instances/reboot/{id}/: the GPU is kept."""
    return _restart(market, call, "rebooting")


def recycle(market: VastMarket, call: Call) -> Reply:
    """PUT /instances/recycle/{id}/: the image is pulled again."""
    return _restart(market, call, "recycling")


def _restart(market: VastMarket, call: Call, stage: str) -> Reply:
    contract = alive(market, call.id())
    if not contract.holds_gpus:
        return Reply(200, {"success": False, "msg": QUEUED})
    contract.epoch += 1
    market.enter(contract, stage, call.now)
    market.plan(call.now + market.options.settle_seconds, "running", contract)
    return Reply(200, DONE)


def bid_price(market: VastMarket, call: Call) -> Reply:
    """PUT /instances/bid_price/{id}/ {"price": x}: a bid that wins again brings the instance back."""
    contract = alive(market, call.id())
    price = call.request.object().get("price")
    price = contract.min_bid if price is None else price
    if not contract.is_bid or not isinstance(price, int | float) or price <= 0:
        raise refuse(400, {"success": False, "error": "invalid_price", "msg": "not an interruptible, or a bad price"})
    contract.price = float(price)
    host = market.book.hosts[contract.machine_id]
    if contract.holds_gpus and contract.price < contract.min_bid:
        market.stop_now(contract, call.now, to_stranger=True)
    elif not contract.holds_gpus and contract.price >= contract.min_bid:
        host.taken = max(0, host.taken - contract.gpus)
        market.start(contract, call.now)
    else:
        market.refresh(contract, call.now)
    return Reply(200, DONE)


def request_logs(market: VastMarket, call: Call) -> Reply:
    """PUT /instances/request_logs/{id}/: the text is fetched elsewhere, without a key."""
    contract = alive(market, call.id())
    return Reply(200, {**DONE, "result_url": f"{market.base_url}/results/{contract.id}/{contract.api_key[:12]}"})


def log_text(market: VastMarket, call: Call) -> Reply:
    """GET /results/{id}/{token}."""
    contract = market.machines.get(call.id())
    if contract is None or contract.api_key[:12] != call.ids["token"]:
        raise refuse(404, {"success": False, "error": "not_found", "msg": "no such result"})
    lines = [f"{at:.0f} {stage or 'scheduled'}" for at, stage in contract.history]
    return Reply(200, "\n".join(lines).encode(), content_type="text/plain")


def alive(market: VastMarket, contract_id: str) -> Contract:
    contract = market.machines.get(contract_id)
    if contract is None or not contract.alive:
        raise _no_such(contract_id)
    return contract


def _named(market: VastMarket, body: dict[str, Any], field: str) -> Iterable[Contract]:
    ids = body.get(field)
    if not isinstance(ids, list):
        raise refuse(400, {"success": False, "error": "invalid_args", "msg": f"'{field}' must be a list of ids"})
    return [alive(market, str(one)) for one in ids]


def _no_such(contract_id: str) -> Exception:
    msg = f"error 404/3602: Instance {contract_id} not found."
    return refuse(404, {"success": False, "error": "no_such_instance", "msg": msg})
