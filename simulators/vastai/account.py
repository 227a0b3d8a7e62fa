"""The account of the fake Vast.ai: its credit, its SSH keys, what it was charged."""

import base64
import binascii
import math
from typing import Any

import msgspec

from simulators.ledger import Charge
from simulators.router import Call, refuse
from simulators.server import Reply
from simulators.vastai.contract import Contract, SshKey
from simulators.vastai.market import VastMarket
from simulators.vastai.mutations import alive

USER_ID = 111_111
CHARGES_MOST, CHARGES_DEFAULT = 500, 100


def current_user(market: VastMarket, call: Call) -> Reply:
    """GET /users/current."""
    credit = market.state.ledger.credit(call.now)
    return Reply(
        200,
        {
            "id": USER_ID,
            "email": "renter@example.com",
            "username": "renter",
            "email_verified": True,
            "balance": 0.0,
            "credit": credit,
            "can_pay": True,
            "has_billing": True,
            "host_agreement_accepted": False,
            "key_id": 1,
            "sid": "sim",
            "ssh_key": market.state.account_keys[0].public_key if market.state.account_keys else None,
        },
    )


def list_keys(market: VastMarket, call: Call) -> Reply:
    """GET /ssh/."""
    if not market.state.account_keys:
        raise refuse(404, {"success": False, "error": "not_found", "msg": "No SSH keys found"})
    return Reply(200, [_key(key) for key in market.state.account_keys])


def add_key(market: VastMarket, call: Call) -> Reply:
    """POST /ssh/: for machines made from now on."""
    market.book.next_id += 3
    key = SshKey(id=market.book.next_id, public_key=_public_key(call), created_at=call.now)
    market.state.account_keys.append(key)
    return Reply(200, {"success": True, "key": _key(key)})


def change_key(market: VastMarket, call: Call) -> Reply:
    """PUT /ssh/{id}/."""
    key = _account_key(market, call)
    key.public_key = _public_key(call)
    return Reply(200, {"success": True, "key": _key(key)})


def remove_key(market: VastMarket, call: Call) -> Reply:
    """DELETE /ssh/{id}/."""
    market.state.account_keys.remove(_account_key(market, call))
    return Reply(200, {"success": True})


def attach_key(market: VastMarket, call: Call) -> Reply:
    """POST /instances/{id}/ssh/; attaching the same key again changes nothing."""
    contract = alive(market, call.id())
    public_key = _public_key(call)
    if public_key not in contract.ssh_keys:
        contract.ssh_keys.append(public_key)
        market.book.next_id += 3
        contract.key_ids[str(market.book.next_id)] = public_key
    return Reply(200, {"success": True, "msg": "SSH key added to instance."})


def attached_keys(market: VastMarket, call: Call) -> Reply:
    """GET /instances/{id}/ssh/: the list comes as JSON in a string."""
    contract = alive(market, call.id())
    ids = {public_key: key_id for key_id, public_key in contract.key_ids.items()}
    rows = [{"id": int(ids.get(key, 0)), "public_key": key} for key in contract.ssh_keys]
    return Reply(200, {"success": True, "ssh_keys": msgspec.json.encode(rows).decode()})


def detach_key(market: VastMarket, call: Call) -> Reply:
    """DELETE /instances/{id}/ssh/{key}/."""
    contract = alive(market, call.id())
    public_key = contract.key_ids.pop(call.ids["key"], None)
    if public_key is None:
        raise refuse(400, {"success": False, "error": "no_ssh_key", "msg": "No such SSH key"})
    contract.ssh_keys.remove(public_key)
    return Reply(200, {"success": True})


def charges(market: VastMarket, call: Call) -> Reply:
    """GET /charges/: what each contract cost within the days asked for, latest first unless told otherwise."""
    query = call.request.query
    try:
        filters = msgspec.json.decode(query.get("select_filters") or b"{}")
        since, until = float(filters["day"]["gte"]), float(filters["day"]["lte"])
    except (msgspec.DecodeError, KeyError, TypeError, ValueError):
        msg = "Must provide both 'day' gte and lte filters for instance charges"
        raise refuse(400, {"success": False, "msg": msg}) from None
    kinds = filters.get("type", {}).get("in", ["instance"])
    limit = int(query.get("limit") or CHARGES_DEFAULT)
    limit = min(limit, CHARGES_MOST) if limit > 0 else CHARGES_DEFAULT
    rows = [row for one in market.machines.values() if (row := _charge_row(market, one, since, until, call.now))]
    rows = rows if "instance" in kinds else []
    rows.sort(key=lambda row: row["start"], reverse=query.get("latest_first", "true").lower() == "true")
    first = _offset(query.get("after_token"))
    last = first + limit
    token = base64.b64encode(msgspec.json.encode({"values": {"offset": last}})).decode() if last < len(rows) else None
    shown = rows[first:last]
    return Reply(200, {"success": True, "count": len(shown), "total": len(rows), "next_token": token, "results": shown})


def _charge_row(
    market: VastMarket, contract: Contract, since: float, until: float, now: float
) -> dict[str, Any] | None:
    meter = market.state.ledger.meters.get(contract.id)
    items = [item for charge in (meter.charges if meter else []) if (item := _item(charge, since, until, now))]
    if not items:
        return None
    start, end = min(item["start"] for item in items), max(item["end"] for item in items)
    return {
        "start": start,
        "end": end,
        "type": "instance",
        "source": f"instance-{contract.id}",
        "description": f"Instance {contract.id} Charges - {max(1, math.ceil((end - start) / 86_400))} days",
        "amount": round(sum(item["amount"] for item in items), 3),
        "metadata": {"label": contract.label} if contract.label else {},
        "items": items,
    }


def _item(charge: Charge, since: float, until: float, now: float) -> dict[str, Any] | None:
    """The part of a charge that falls into the days asked for; nothing for nothing."""
    start, end = max(charge.start, since), min(now if charge.end is None else charge.end, until)
    if end < start or charge.quantity(now) == 0:
        return None
    hours = (end - start) / 3600
    amount = charge.amount(now) if charge.units is not None else charge.rate * hours
    told = f"{charge.units:.3f} GB" if charge.units is not None else f"{hours:.3f} hours"
    unit = "GB" if charge.units is not None else "hour"
    return {
        "start": int(start),
        "end": int(end),
        "type": charge.kind,
        "source": None,
        "description": f"{told} at ${charge.rate:.3f}/{unit}",
        "amount": amount,
        "metadata": {},
        "items": [],
    }


def _offset(token: str | None) -> int:
    if not token:
        return 0
    try:
        return int(msgspec.json.decode(base64.b64decode(token, validate=True))["values"]["offset"])
    except (binascii.Error, msgspec.DecodeError, KeyError, TypeError, ValueError):
        raise refuse(400, {"success": False, "error": "invalid_token", "msg": "Invalid pagination token"}) from None


def _account_key(market: VastMarket, call: Call) -> SshKey:
    for key in market.state.account_keys:
        if str(key.id) == call.id():
            return key
    raise refuse(400, {"success": False, "error": "no_ssh_key", "msg": "No such SSH key"})


def _public_key(call: Call) -> str:
    text = call.request.object().get("ssh_key")
    if not isinstance(text, str) or len(text.split()) < 2:
        raise refuse(400, {"success": False, "error": "invalid_args", "msg": "'ssh_key' must be a public key"})
    return text.strip()


def _key(key: SshKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "user_id": USER_ID,
        "public_key": key.public_key,
        "created_at": key.created_at,
        "deleted_at": None,
    }
