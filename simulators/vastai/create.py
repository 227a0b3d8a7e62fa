"""Renting on the fake Vast.ai: what the create call checks, and everything it may answer."""

from typing import Any

import msgspec

from simulators.router import Call, refuse
from simulators.server import Hangup, Reply
from simulators.vastai.contract import Contract
from simulators.vastai.host import Ask
from simulators.vastai.market import VastMarket
from simulators.vastai.model import Order

LEAST_DISK, SCRIPT_LIMIT, LABEL_LIMIT, IMAGE_LIMIT = 8.0, 4096, 256, 1024
ENV_KEY_LIMIT, ENV_LIMIT = 256, 32_768
LEAST_BID, MOST_BID = 0.001, 128.0


def create(market: VastMarket, call: Call) -> Reply:
    """PUT /asks/{id}/."""
    ask_id = call.id()
    order = _order(call.request.object(), ask_id)
    facts = {"op": "create", "id": ask_id, "label": order.label or ""}
    if (refused := market.strike("create.refused", call.now, **facts)) is not None:
        raise _refusal(refused["form"], ask_id)
    if market.state.ledger.credit(call.now) <= 0:
        raise refuse(400, {"success": False, "error": "insufficient_credit", "msg": "Your account lacks credit."})
    ask = market.book.asks.get(int(ask_id)) if ask_id.isdigit() else None
    if ask is None or not (ask.bid if order.bid is not None else ask.on_demand):
        raise _refusal("410" if ask_id.isdigit() and int(ask_id) in market.book.retired else "404", ask_id)
    if not ask.rentable or market.strike("create.unavailable", call.now, **facts) is not None:
        return _without_gpus(market, call, ask, order)
    if (late := market.strike("create.late", call.now, **facts)) is not None:
        market.book.take(ask)
        parts = {"ask": msgspec.to_builtins(ask), "order": msgspec.to_builtins(order)}
        market.plan(call.now + late["seconds"], "create", **parts)
        if late["hang"]:
            raise Hangup(float(late["hang"]))
        return Reply(500, b"Internal Server Error", content_type="text/plain")
    if (wrong := market.strike("create.wrong_label", call.now, **facts)) is not None:
        order.label = wrong["label"] or None
    return _rent(market, call, ask, order, facts)


def _without_gpus(market: VastMarket, call: Call, ask: Ask, order: Order) -> Reply:
    """The offer stands and its GPUs are taken: refused, or made to wait for them (and billed for the disk)."""
    if order.cancel_unavail:
        raise _refusal("410", str(ask.id))
    contract = market.rent(ask, order, call.now, takes_gpus=False)
    contract.queued, contract.cur = True, "stopped"
    return _made(contract, success=True)


def _rent(market: VastMarket, call: Call, ask: Ask, order: Order, facts: dict[str, str]) -> Reply:
    if order.bid is not None and order.bid < ask.min_bid:
        # Recorded by others: the answer says no, and a stopped contract bills its disk all the same.
        contract = market.rent(ask, order, call.now, takes_gpus=False)
        market.stop_now(contract, call.now)
        return _made(contract, success=False, msg="Bid price is lower than the market price.")
    twin = market.strike("create.twice", call.now, **facts)
    contract = market.rent(ask, order, call.now)
    if twin is not None:
        spare = _like(market, contract)
        if spare is not None:
            market.rent(spare, order, call.now)
    if market.strike("create.no_id", call.now, **facts) is not None:
        return Reply(200, {"success": True})
    if market.strike("create.false_with_id", call.now, **facts) is not None:
        return _made(contract, success=False, msg="Something went wrong.")
    return _made(contract, success=True)


def _like(market: VastMarket, contract: Contract) -> Ask | None:
    """Another ask of the same size, for the twin of a machine."""
    return next((ask for ask in market.book.asks.values() if ask.gpus == contract.gpus and ask.rentable), None)


def _made(contract: Contract, success: bool, msg: str | None = None) -> Reply:
    answer: dict[str, Any] = {"success": success, "new_contract": int(contract.id)}
    if success:
        answer["instance_api_key"] = contract.api_key
    if msg:
        answer["msg"] = msg
    return Reply(200, answer)


def _order(body: dict[str, Any], ask_id: str) -> Order:
    image, label = body.get("image"), body.get("label")
    if not image and not body.get("template_hash_id") and not body.get("template_id"):
        raise _invalid("'image' is required", ask_id)
    if not isinstance(image or "", str) or len(image or "") > IMAGE_LIMIT:
        raise _invalid("'image' must be a string of at most 1024 characters", ask_id)
    if not isinstance(label or "", str) or len(label or "") > LABEL_LIMIT:
        raise _invalid("'label' must be a string of at most 256 characters", ask_id)
    disk = body.get("disk", LEAST_DISK)
    if not isinstance(disk, int | float) or disk < LEAST_DISK:
        raise _invalid("'disk' must be at least 8", ask_id)
    args, args_str, onstart = body.get("args") or [], body.get("args_str") or "", body.get("onstart") or ""
    if not isinstance(args, list) or len(" ".join(map(str, args)) + args_str + onstart) > SCRIPT_LIMIT:
        raise _invalid("'args', 'args_str' and 'onstart' must not exceed 4096 characters", ask_id)
    bid = body.get("price")
    if bid is not None and not (isinstance(bid, int | float) and LEAST_BID <= bid <= MOST_BID):
        raise refuse(400, {"success": False, "error": "invalid_price", "msg": "price out of range", "ask_id": ask_id})
    return Order(
        label=label or None,
        image=image or "vastai/base-image:@vastai-automatic-tag",
        disk=float(disk),
        runtype=body.get("runtype") or ("args" if args or args_str else "ssh"),
        env=_env(body.get("env"), ask_id),
        onstart=onstart or None,
        args=[str(arg) for arg in args],
        bid=None if bid is None else float(bid),
        template_hash=body.get("template_hash_id"),
        # On by default for on demand, off for bids.
        cancel_unavail=bool(body.get("cancel_unavail", bid is None)),
        stopped=body.get("target_state") == "stopped",
    )


def _env(env: Any, ask_id: str) -> list[tuple[str, str]]:
    """A string of docker flags is accepted and not applied, as observed."""
    if not isinstance(env, dict):
        return []
    pairs = [(str(key), str(value)) for key, value in env.items()]
    if any(len(key) > ENV_KEY_LIMIT for key, _ in pairs) or sum(len(k) + len(v) for k, v in pairs) > ENV_LIMIT:
        raise _invalid("'env' is too long", ask_id)
    return pairs


def _invalid(text: str, ask_id: str) -> Exception:
    msg = f"error 400/3467: Invalid args: {text}"
    return refuse(400, {"success": False, "error": "invalid_args", "msg": msg, "ask_id": _number(ask_id)})


def _refusal(form: str, ask_id: str) -> Exception:
    """The ways in which a gone offer was seen; `form` is 404 (also when empty), 410, 400, 200 or credit."""
    gone = f"no_such_ask Instance type {ask_id} is no longer available."
    missing = f"no_such_ask Instance type by id {ask_id} is not available."
    match form:
        case "410":
            status, error, msg = 410, "no_such_ask", f"error 410/3907: {gone}"
        case "400":
            status, error, msg = 400, "invalid_args", f"error 400/3603: {missing}"
        case "200":
            status, error, msg = 200, "no_such_ask", f"error 410/3907: {gone}"
        case "credit":
            status, error, msg = 400, "insufficient_credit", "Your account lacks credit."
        case _:
            status, error, msg = 404, "invalid_args", f"error 404/3603: {missing}"
    return refuse(status, {"success": False, "error": error, "msg": msg, "ask_id": _number(ask_id)})


def _number(ask_id: str) -> int | str:
    return int(ask_id) if ask_id.isdigit() else ask_id
