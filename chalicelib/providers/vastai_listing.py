"""Vast.ai's list of machines: read page by page, and believed only where every count agrees."""

from collections.abc import Callable

import msgspec

from chalicelib.domain.errors import ListIncomplete, ProviderAuth
from chalicelib.domain.instance import Instance
from chalicelib.providers import vastai_instances
from chalicelib.providers.answer import Answer
from chalicelib.providers.clean import whole
from chalicelib.providers.vastai_answers import succeeded, trouble

PATH = "/api/v1/instances/"
TOKEN = "after_token"  # noqa: S105 - a place in the list
"""The parameter that asks for a further page."""
_PAGE = 25  # the most the market puts into one answer
_MOST_PAGES = 400  # 10,000 machines
_LONGEST_TOKEN = 4096
_MOST_MACHINES = 1_000_000


class _Page(msgspec.Struct, frozen=True):
    instances: list[Instance]
    here: int | None
    """How many machines the market says this page holds (`instances_found`)."""
    total: int | None
    """How many it says there are (`total_instances`)."""
    token: str | None
    """Of the next page; None on the last one."""
    told_to_end: bool
    """It says in so many words that no page follows."""


def params(token: str | None) -> dict[str, str]:
    """Of one page's request. By rising id: a machine made while we read can only come after what was read."""
    asked = {"limit": str(_PAGE), "order_by": '[{"col":"id","dir":"asc"}]'}
    return asked if token is None else asked | {TOKEN: token}


def machines(ask: Callable[[dict[str, str]], Answer]) -> tuple[Instance, ...]:
    """Every machine on the account. Raises ListIncomplete unless the pages prove to be all of it, or ProviderAuth."""
    found: dict[str, Instance] = {}
    pages: list[_Page] = []
    tokens: set[str] = set()
    token: str | None = None
    while len(pages) < _MOST_PAGES:
        page = _read(ask(params(token)))
        pages.append(page)
        found.update((machine.id, machine) for machine in page.instances)
        token = page.token
        if token is None:
            _check_counts(pages, len(found))
            return tuple(found.values())
        if token in tokens:
            raise ListIncomplete("vastai: a page names itself as the next one")
        tokens.add(token)
    raise ListIncomplete(f"vastai: the list has more than {_MOST_PAGES} pages")


def _read(answer: Answer) -> _Page:
    if not succeeded(answer):
        error = trouble(answer)
        raise error if isinstance(error, ProviderAuth) else ListIncomplete(error.reason)
    fields = answer.fields
    rows = fields.get("instances")
    if not isinstance(rows, list):
        raise ListIncomplete("vastai: an answer without a list of machines")
    read = [vastai_instances.parse(row) if isinstance(row, dict) else None for row in rows]
    instances = [machine for machine in read if machine is not None]
    if len({machine.id for machine in instances}) != len(rows):
        raise ListIncomplete("vastai: a machine without an id of its own")
    token = fields.get("next_token")
    if token is not None and not (isinstance(token, str) and len(token) <= _LONGEST_TOKEN):
        raise ListIncomplete("vastai: a page token of no known form")
    return _Page(
        instances=instances,
        here=_count(fields, "instances_found"),
        total=_count(fields, "total_instances"),
        token=token or None,
        told_to_end="next_token" in fields,
    )


def _count(fields: dict[str, object], name: str) -> int | None:
    value = fields.get(name)
    if value is None:
        return None
    count = whole(value, 0, _MOST_MACHINES)
    if count is None:
        raise ListIncomplete(f"vastai: {name} is no count")
    return count


def _check_counts(pages: list[_Page], found: int) -> None:
    """Raise ListIncomplete where the market's own counts speak against the list, or nothing speaks for it."""
    last = pages[-1]
    if last.total is None and not last.told_to_end:
        raise ListIncomplete("vastai: nothing says that the list is whole")
    totals = [page.total for page in pages if page.total is not None]
    total = totals[-1] if totals else None  # the last one told holds, on whichever page
    if total is not None and total != found:
        raise ListIncomplete(f"vastai: {found} machines listed, {total} said to exist")
    if total is None and found != sum(len(page.instances) for page in pages):
        raise ListIncomplete("vastai: a machine moved between pages while they were read")
    for page in pages:
        if page.here not in (None, len(page.instances), total):
            raise ListIncomplete(f"vastai: {len(page.instances)} machines on a page that says it holds {page.here}")
