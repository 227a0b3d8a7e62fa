"""Reading instances of the fake Vast.ai: one by id, the paged list, and the old list that is gone."""

import base64
import binascii
import functools
from collections import Counter
from typing import Any

import msgspec

from simulators.router import Call, refuse
from simulators.server import Reply
from simulators.vastai.contract import Contract, instance_row
from simulators.vastai.market import VastMarket
from simulators.vastai.search import OPERATORS, like

PAGE_MOST, PAGE_DEFAULT = 25, 5
# Worked out for the answer, not stored on the contract: the market refuses to filter on them.
COMPUTED = ("dph_total", "num_gpus", "has_sla", "duration", "uptime_mins", "ports", "search", "instance", "gpu_util")


def get_one(market: VastMarket, call: Call) -> Reply:
    """GET /instances/{id}/: null when there is none."""
    if not call.id().isdigit():
        raise refuse(404, {"success": False, "error": "not_found", "msg": "no such route"})
    contract = market.machines.get(call.id())
    absent = market.strike("get.absent", call.now, op="get", id=call.id(), label=(contract and contract.label) or "")
    if contract is None or absent is not None or not contract.listed(call.now):
        return Reply(200, {"instances": None})
    return Reply(200, {"instances": _row(market, contract, call.now)})


def old_list(market: VastMarket, call: Call) -> Reply:
    """GET /api/v0/instances/."""
    if market.options.v0_list:
        return Reply(200, {"instances": _rows(market, call.now)})
    msg = "/api/v0/instances/ is deprecated. Use /api/v1/instances/ instead."
    return Reply(410, {"success": False, "error": "deprecated_endpoint", "msg": msg})


def new_list(market: VastMarket, call: Call) -> Reply:
    """GET /api/v1/instances/: filtered, ordered, at most 25 a page, with a token that names the last row."""
    query = call.request.query
    filters, order = _json(query, "select_filters", dict), _json(query, "order_by", list)
    columns = _json(query, "select_cols", list) or ["*"]
    limit = _limit(query.get("limit"))
    if market.strike("list.shape", call.now, op="list") is not None:
        return Reply(200, {"success": True, "data": {"rows": {}}})
    if market.strike("list.empty", call.now, op="list") is not None:
        return Reply(200, _page([], [], None))
    stale = market.strike("list.stale", call.now, op="list")
    rows = _rows(market, call.now - float(stale["seconds"])) if stale else _rows(market, call.now)
    rows = [row for row in rows if _passes(row, filters)]
    partial = market.strike("list.partial", call.now, op="list")
    counted = rows
    if partial is not None:
        hidden = {row["id"] for row in sorted(rows, key=lambda row: row["start_date"])[-int(partial["hide"]) :]}
        rows = [row for row in rows if row["id"] not in hidden]
        counted = counted if partial["honest"] else rows
    directions = _directions(order, rows)
    for column, down in reversed(directions):
        rows.sort(key=functools.partial(_rank, column), reverse=down)
    left = _after(rows, directions, query.get("after_token"))
    page = left[:limit]
    more = len(left) > limit and market.strike("list.cut", call.now, op="list") is None
    token = _token({column: page[-1][column] for column, _ in directions}) if more else None
    shown = page if "*" in columns else [{name: row.get(name) for name in columns} for row in page]
    return Reply(200, _page(shown, counted, token))


def _page(shown: list[dict[str, Any]], counted: list[dict[str, Any]], token: str | None) -> dict[str, Any]:
    return {
        "success": True,
        "instances_found": len(shown),
        "total_instances": len(counted),
        "label_counts": Counter(row["label"] or "" for row in counted),
        "next_token": token,
        "instances": shown,
    }


def _row(market: VastMarket, contract: Contract, now: float, stage: str | None = None) -> dict[str, Any]:
    return instance_row(contract, market.book.hosts[contract.machine_id], now, stage)


def _rows(market: VastMarket, at: float) -> list[dict[str, Any]]:
    """What the list showed at that time."""
    if at >= market.clock.now() - 1e-6:
        return [_row(market, contract, at) for contract in market.machines.values() if contract.listed(at)]
    past = [(contract, contract.stage_at(at)) for contract in market.machines.values()]
    return [_row(market, contract, at, stage) for contract, stage in past if stage is not None]


def _passes(row: dict[str, Any], filters: dict[str, Any]) -> bool:
    for column, ops in filters.items():
        if column in COMPUTED or column not in row:
            raise _bad(f"{column} is not a valid filter column")
        if not isinstance(ops, dict):
            raise _bad(f"{column}: Input should be a valid dictionary", "bad_request")
        for name, wanted in ops.items():
            if name not in OPERATORS:
                raise _bad(f"{name} is not a valid search op")
            try:
                if not OPERATORS[name](row[column], like(row[column], wanted)):
                    return False
            except TypeError:
                return False
    return True


def _directions(order: list[Any], rows: list[dict[str, Any]]) -> list[tuple[str, bool]]:
    """(column, descending) with `id` as the last word."""
    directions = []
    for part in order:
        column = part.get("col") if isinstance(part, dict) else None
        if not isinstance(column, str) or column in COMPUTED or (rows and column not in rows[0]):
            raise _bad(f"{column} is not a valid order column")
        directions.append((column, part.get("dir") == "desc"))
    if "id" not in [column for column, _ in directions]:
        directions.append(("id", False))
    return directions


def _after(rows: list[dict[str, Any]], directions: list[tuple[str, bool]], token: str | None) -> list[dict[str, Any]]:
    """The sorted rows that come after the token's row, whether that one still exists or not."""
    if not token:
        return rows
    try:
        values = msgspec.json.decode(base64.b64decode(token, validate=True))["values"]
        last = {column: values[column] for column, _ in directions}
    except (binascii.Error, msgspec.DecodeError, KeyError, TypeError):
        raise _bad("Invalid pagination token", "invalid_token") from None

    def comes_after(row: dict[str, Any]) -> bool:
        for column, down in directions:
            mine, theirs = _rank(column, row), _rank(column, last)
            if mine != theirs:
                return bool(mine < theirs if down else mine > theirs)
        return False

    return [row for row in rows if comes_after(row)]


def _rank(column: str, row: dict[str, Any]) -> tuple[bool, Any]:
    value = row[column]
    return value is not None, 0 if value is None else value


def _token(values: dict[str, Any]) -> str:
    return base64.b64encode(msgspec.json.encode({"values": values})).decode()


def _limit(text: str | None) -> int:
    try:
        limit = int(text or 0)
    except ValueError:
        raise _bad("limit: Input should be a valid integer", "bad_request") from None
    return min(limit, PAGE_MOST) if limit > 0 else PAGE_DEFAULT


def _json(query: dict[str, str], name: str, kind: type) -> Any:
    try:
        value = msgspec.json.decode(query.get(name) or b"null")
    except msgspec.DecodeError:
        raise _bad(f"{name}: Invalid json") from None
    if value is not None and not isinstance(value, kind):
        raise _bad(f"{name}: wrong type", "bad_request")
    return value if value is not None else kind()


def _bad(text: str, error: str = "invalid_request") -> Exception:
    return refuse(400, {"success": False, "error": error, "msg": text})
