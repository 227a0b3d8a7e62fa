"""What was spent: by day, month, session, market, card or consumer; as JSON or CSV."""

import csv
import io
import re
from datetime import date
from typing import get_args

from chalicelib.api.calls import Answer, Call
from chalicelib.domain import period
from chalicelib.domain.errors import Refusal, invalid
from chalicelib.domain.money import to_dollars
from chalicelib.usecases import costing
from chalicelib.usecases.costing import GroupBy, Report

_DATE = re.compile(r"2\d{3}-\d{2}-\d{2}", re.ASCII)
_SESSION = re.compile(r"[a-z0-9-]{1,64}", re.ASCII)
_LONGEST_DAYS = 3_660  # ten years: a bound against dates without sense, as only days with costs are read
_DAYS_DEFAULT = 30


def report(call: Call[None]) -> Answer:
    first, last = _range(call)
    group_by: GroupBy = call.query.choice("group_by", get_args(GroupBy)) or "day"
    by_day = call.query.flag("by_day") or False
    consumer = whose(call)
    asked = call.query.text("session")
    if asked is None:
        found = costing.of_consumers(call.ports, consumer, first, last, group_by)
    else:
        session = call.ports.sessions.get(asked) if _SESSION.fullmatch(asked) else None
        if session is None or consumer not in (None, session.consumer):
            raise Refusal(404, "not_found", "session: no such session", field="session")
        found = costing.of_session(call.ports, session, first, last, group_by)
    if _wants_csv(call):
        return Answer(200, _csv(found).encode(), {"Content-Type": "text/csv; charset=utf-8"})
    return Answer(200, _json(found, by_day))


def whose(call: Call[None]) -> str | None:
    """Whose things are asked for: a consumer's own; for operators anybody's, or None for everybody's.

    Raises Refusal 403 naming `consumer`.
    """
    named = call.query.text("consumer")
    if call.caller.is_operator:
        return named
    if named not in (None, call.caller.consumer.id):
        raise Refusal(403, "forbidden", "consumer: only an operator may name others", field="consumer")
    return call.caller.consumer.id


def _range(call: Call[None]) -> tuple[str, str]:
    """The first and the last day. Raises Refusal 400 naming `from` or `to`."""
    last = _day(call, "to") or period.day(call.now)
    first = _day(call, "from")
    end = date.fromisoformat(last).toordinal()
    if first is None:
        first = date.fromordinal(end - _DAYS_DEFAULT + 1).isoformat()
    days = end - date.fromisoformat(first).toordinal() + 1
    if days < 1:
        if call.query.text("to") is None:
            raise invalid("from", f"{first} lies ahead")
        raise invalid("to", f"{last} is before {first}")
    if days > _LONGEST_DAYS:
        raise invalid("from", f"at most {_LONGEST_DAYS} days, both ends included")
    return first, last


def _day(call: Call[None], name: str) -> str | None:
    text = call.query.text(name)
    if text is None:
        return None
    try:
        if not _DATE.fullmatch(text):
            raise ValueError(text)
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise invalid(name, "expected a date (UTC) like 2026-11-23") from None


def _json(found: Report, by_day: bool) -> dict[str, object]:
    return {
        "currency": "USD",
        "from": found.first,
        "to": found.last,
        "total": to_dollars(found.total),
        "gpu_hours": found.gpu_hours,
        "burn_per_hour": to_dollars(found.burn_per_hour),
        "groups": [
            {
                "key": group.key,
                "cost": to_dollars(group.cost),
                "gpu_hours": group.gpu_hours,
                "sessions": group.sessions,
                **({"days": [{"day": day, "cost": to_dollars(cost)} for day, cost in group.days]} if by_day else {}),
            }
            for group in found.groups
        ],
    }


def _wants_csv(call: Call[None]) -> bool:
    accepted = [part.partition(";")[0].strip().lower() for part in call.headers.get("accept", "").split(",")]
    return "text/csv" in accepted and "application/json" not in accepted


def _csv(found: Report) -> str:
    """One row per group. A key that a spreadsheet would take for a formula is quoted as text."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(("key", "cost", "gpu_hours", "sessions"))
    for group in found.groups:
        key = f"'{group.key}" if group.key[:1] in "=+-@\t\r" else group.key
        writer.writerow((key, f"{to_dollars(group.cost):.6f}", f"{group.gpu_hours:.6f}", group.sessions))
    return out.getvalue()
