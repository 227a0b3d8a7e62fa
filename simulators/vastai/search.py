"""The offer search of the fake Vast.ai: the filter grammar with its complaints, the order, the cap of 64."""

import functools
import operator
import random
from collections.abc import Callable
from typing import Any

from simulators.router import refuse
from simulators.vastai.asks import AskBook
from simulators.vastai.rows import country

CAP = 64
DEFAULT_STORAGE = 8.0
BID_TYPES = ("bid", "interruptible")
TYPES = (*BID_TYPES, "on-demand", "ondemand", "ask", "reserved")
# What a query may hold beside filters, with the type the server insists on.
SETTINGS: dict[str, tuple[type, ...]] = {
    "order": (list,),
    "type": (str,),
    "limit": (int,),
    "allocated_storage": (int, float),
    "disable_bundling": (bool,),
    "target_reliability": (int, float),
    "extra_ids": (list,),
    "sort_option": (dict,),
    "show_incompatible": (bool,),
    "resource_type": (str,),
    "georegion": (bool,),
    "chunked": (bool,),
}
TYPE_WORDS = {list: "list", str: "string", int: "integer", float: "number", bool: "boolean", dict: "dictionary"}
# Accepted and without effect, as observed.
DROPPED = ("rented", "external", "resource_type")
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "neq": operator.ne,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "in": lambda value, wanted: value in wanted,
    "notin": lambda value, wanted: value not in wanted,
}
# Columns that can be filtered on and are not in the answer.
DERIVED: dict[str, Callable[[dict[str, Any]], Any]] = {
    "verified": lambda row: row["verification"] == "verified",
    "datacenter": lambda row: row["hosting_type"] == 1,
    "ubuntu_version": lambda row: row["os_version"],
    "has_sla": lambda row: row["sla_r_claim"] > 0,
    "geolocation": lambda row: country(row["geolocation"]),
    "driver_version": lambda row: row["driver_vers"],
    # Filtering on `id` finds nothing; `ask_contract_id` does. Observed.
    "id": lambda row: None,
}


def search(book: AskBook, query: dict[str, Any], now: float, dice: random.Random) -> dict[str, Any]:
    """The answer to one search. Raises Refused for a query the market would not take."""
    _check_shapes(query)
    kind = query.get("type") or "on-demand"
    if kind not in TYPES:
        raise _bad("invalid_request", f"{kind} is not a valid search type")
    storage = float(query.get("allocated_storage") or DEFAULT_STORAGE)
    rows = book.rows(kind in BID_TYPES, storage)
    columns = rows[0] if rows else {}
    tests = [_test(column, ops, columns, now) for column, ops in query.items() if _is_filter(column)]
    found = [row for row in rows if all(test(row) for test in tests)]
    if query.get("order"):
        _sort(found, query["order"], columns)
    else:
        found = dice.sample(found, len(found))
    limit = int(query.get("limit") or 0)
    cut = min(CAP, limit) if limit > 0 else CAP
    shown = [{**row, "duration": row["end_date"] - now} for row in found[:cut]]
    return {"offers": shown, "truncated": len(found) > cut and cut == CAP}


def _is_filter(column: str) -> bool:
    return column not in SETTINGS and column not in DROPPED


def _check_shapes(query: dict[str, Any]) -> None:
    complaints = []
    for column, value in query.items():
        if column in SETTINGS:
            wanted = SETTINGS[column]
            if value is not None and (
                not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted)
            ):
                raise _bad("bad_request", f"{column}: Input should be a valid {TYPE_WORDS[wanted[-1]]}")
        elif not isinstance(value, dict):
            complaints.append(f"q.{column}: Input should be a valid dictionary")
    if complaints:
        raise _bad("bad_request", "; ".join(complaints))


def _test(column: str, ops: dict[str, Any], columns: dict[str, Any], now: float) -> Callable[[dict[str, Any]], bool]:
    read: Callable[[dict[str, Any]], Any]
    if column in DERIVED:
        read = DERIVED[column]
    elif column == "duration":
        read = lambda row: row["end_date"] - now  # noqa: E731
    elif column in columns or not columns:
        read = operator.itemgetter(column)
    else:
        raise _bad("invalid_request", f"{column} is not a valid search key")
    checks = []
    for name, wanted in ops.items():
        if name not in OPERATORS:
            raise _bad("invalid_request", f"{name} is not a valid search op")
        if name in ("in", "notin") and not isinstance(wanted, list):
            raise _bad("invalid_request", f"{name} needs a list")
        checks.append((OPERATORS[name], wanted, name in ("neq", "notin")))

    def passes(row: dict[str, Any]) -> bool:
        value = read(row)
        for check, wanted, negative in checks:
            if value is None:
                if negative or wanted is None:
                    continue
                return False
            try:
                if not check(value, like(value, wanted)):
                    return False
            except TypeError:
                return False
        return True

    return passes


def like(value: Any, wanted: Any) -> Any:
    """The wanted value in the type of the column: numbers may come as text, as the official client sends them."""
    if isinstance(wanted, list):
        return [like(value, one) for one in wanted]
    if isinstance(wanted, str) and isinstance(value, bool):
        return wanted.lower() in ("true", "1")
    if isinstance(wanted, str) and isinstance(value, int | float):
        try:
            return float(wanted)
        except ValueError:
            return wanted
    return wanted


def _sort(rows: list[dict[str, Any]], order: list[Any], columns: dict[str, Any]) -> None:
    """Several columns, the first one leading; nulls come last."""
    for part in reversed(order):
        if not (isinstance(part, list) and len(part) == 2 and all(isinstance(word, str) for word in part)):
            raise _bad("bad_request", "order: Input should be a valid list of [column, direction]")
        column, down = part[0], part[1] == "desc"
        if columns and column not in columns:
            raise _bad("invalid_request", f"{column} is not a valid search key")
        name = "end_date" if column == "duration" else column
        rows.sort(key=functools.partial(_rank, name, down), reverse=down)


def _rank(column: str, down: bool, row: dict[str, Any]) -> tuple[bool, Any]:
    value = row[column]
    return (value is None) != down, 0 if value is None else value


def _bad(error: str, text: str) -> Exception:
    return refuse(400, {"success": False, "error": error, "msg": text})
