"""Vast.ai's invoice: what each instance was billed, page by page."""

import json
import re
from collections.abc import Callable, Iterator

from chalicelib.domain.errors import ProviderDown
from chalicelib.domain.instant import SECOND, Instant
from chalicelib.domain.invoice import Charge
from chalicelib.domain.money import to_micros
from chalicelib.providers.answer import Answer
from chalicelib.providers.clean import number, text
from chalicelib.providers.vastai_answers import succeeded, trouble

PATH = "/api/v0/charges/"
_PAGE = 500
_PAGES_MOST = 200
_SOURCE = re.compile(r"instance-([1-9][0-9]{0,17})")
_MOST = 1e7

Params = dict[str, str]


def charges(page: Callable[[Params], Answer], since: Instant, until: Instant) -> list[Charge]:
    """Every instance billed in that time. Raises ProviderDown unless all pages came, in a known shape."""
    days = {"day": {"gte": since // SECOND, "lte": until // SECOND}, "type": {"in": ["instance"]}}
    params = {"select_filters": json.dumps(days, separators=(",", ":")), "limit": str(_PAGE)}
    rows: list[object] = []
    for answer in _pages(page, params):
        found = answer.fields.get("results")
        if not succeeded(answer) or not isinstance(found, list):
            raise trouble(answer)
        rows += found
        total = answer.fields.get("total")
    if isinstance(total, int) and total != len(rows):
        raise ProviderDown(f"vastai's invoice has {total} rows, and told {len(rows)}")
    return [_charge(row) for row in rows if _is_ours(row)]


def _pages(page: Callable[[Params], Answer], params: Params) -> Iterator[Answer]:
    seen: set[str] = set()
    token: str | None = None
    for _ in range(_PAGES_MOST):
        answer = page(params if token is None else {**params, "after_token": token})
        yield answer
        token = text(answer.fields.get("next_token"), 1000)
        if token is None:
            return
        if token in seen:
            break
        seen.add(token)
    raise ProviderDown("vastai's invoice never ends")


def _is_ours(row: object) -> bool:
    return isinstance(row, dict) and isinstance(row.get("source"), str) and bool(_SOURCE.fullmatch(row["source"]))


def _charge(row: object) -> Charge:
    """By its items, which are exact; the row's own amount is rounded to a tenth of a cent."""
    fields = row if isinstance(row, dict) else {}
    match = _SOURCE.fullmatch(str(fields.get("source")))
    items = fields.get("items")
    parts = [number(item.get("amount"), -_MOST, _MOST) for item in items or () if isinstance(item, dict)]
    whole = number(fields.get("amount"), -_MOST, _MOST)
    amount = sum(part for part in parts if part is not None) if parts and None not in parts else whole
    if match is None or amount is None:
        raise ProviderDown("a row of vastai's invoice has no amount")
    return Charge(instance_id=match[1], amount=to_micros(amount))
