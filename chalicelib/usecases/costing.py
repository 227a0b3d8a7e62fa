"""Reports of what was spent: from the totals, and for what is under way up to this very moment."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from chalicelib.domain import ledger
from chalicelib.domain.instant import HOUR, Millis
from chalicelib.domain.ledger import Total
from chalicelib.domain.money import Micros
from chalicelib.domain.posting import Change, sums
from chalicelib.domain.session import Session
from chalicelib.ports import Ports
from chalicelib.usecases.accruing import accounts, by_consumer

Days = defaultdict[str, defaultdict[str, Micros]]
"""What each group cost on each day."""

GroupBy = Literal["day", "month", "session", "provider", "gpu", "consumer"]


class Group(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    cost: Micros
    gpu_ms: Millis
    sessions: int
    days: tuple[tuple[str, Micros], ...] = ()
    """(day, cost) of each day on which it cost anything, in their order."""

    @property
    def gpu_hours(self) -> float:
        return round(self.gpu_ms / HOUR, 6)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    first: str
    last: str
    groups: tuple[Group, ...]
    """By key."""
    burn_per_hour: Micros

    @property
    def total(self) -> Micros:
        return sum(group.cost for group in self.groups)

    @property
    def gpu_hours(self) -> float:
        return round(sum(group.gpu_ms for group in self.groups) / HOUR, 6)


def of_session(ports: Ports, session: Session, first: str, last: str, group_by: GroupBy) -> Report:
    """One session's costs, worked out from its row: nothing is read."""
    now = ports.clock.now()
    lines: list[Change] = [(None, line) for line in ledger.lines(session, now) if first <= line.day <= last]
    return _report(ports, [session], [], lines, first, last, group_by)


def of_consumers(ports: Ports, consumer: str | None, first: str, last: str, group_by: GroupBy) -> Report:
    """The costs of one consumer, or of all. Reads the totals of the days, and the sessions that are not settled;
    for `session`, whose groups are the sessions, their lines."""
    running = _running(ports, consumer)
    known = [consumer] if consumer is not None else _everybody(ports)
    totals: list[Total] = []
    changes: list[Change] = []
    for one in known:
        if group_by == "session":
            changes += [(None, line) for line in ports.ledger.session_lines(one, first, last)]
        else:
            totals += ports.ledger.totals(one, first, last)
    for one, sessions in by_consumer(running).items():
        for account in accounts(ports, one, sessions, ports.clock.now()):
            changes += [change for change in account.changes if first <= change[1].day <= last]
    return _report(ports, running, totals, changes, first, last, group_by)


def _running(ports: Ports, consumer: str | None) -> list[Session]:
    """Everything whose stored ledger is not the last word."""
    over = [session for session in ports.sessions.unsettled(limit=500) if consumer in (None, session.consumer)]
    if consumer is None:
        return [*ports.sessions.live(), *over]
    known = ports.access.consumer(consumer)
    return [*(ports.sessions.live_of(known) if known is not None else ()), *over]


def _everybody(ports: Ports) -> list[str]:
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = ports.access.consumers(100, cursor)
        found += [consumer.id for consumer in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return found


def _report(
    ports: Ports,
    running: Sequence[Session],
    totals: Sequence[Total],
    changes: Sequence[Change],
    first: str,
    last: str,
    group_by: GroupBy,
) -> Report:
    now = ports.clock.now()
    groups = _by_session(changes) if group_by == "session" else _grouped([*totals, *sums(changes)], group_by, first)
    return Report(
        first=first,
        last=last,
        groups=tuple(sorted(groups, key=lambda group: group.key)),
        burn_per_hour=sum(ledger.burn(session, now) for session in running),
    )


def _by_session(changes: Iterable[Change]) -> list[Group]:
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    days: Days = defaultdict(lambda: defaultdict(int))
    for before, after in changes:
        cost = after.cost - (before.cost if before else 0)
        found[after.session][0] += cost
        found[after.session][1] += after.gpu_ms - (before.gpu_ms if before else 0)
        days[after.session][after.day] += cost
    return [Group(key=key, cost=c, gpu_ms=g, sessions=1, days=_days(days[key])) for key, (c, g) in found.items()]


def _grouped(totals: Iterable[Total], group_by: GroupBy, first: str) -> list[Group]:
    """A session that runs on into another day is counted once: on the first day of its group, or when it starts."""
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    days: Days = defaultdict(lambda: defaultdict(int))
    for total in totals:
        key = total.day[:7] if group_by == "month" else str(getattr(total, group_by))
        begins = total.day if group_by == "day" else max(first, f"{total.day[:7]}-01") if group_by == "month" else first
        group = found[key]
        group[0] += total.cost
        group[1] += total.gpu_ms
        group[2] += total.sessions if total.day == begins else total.started
        days[key][total.day] += total.cost
    return [Group(key=key, cost=c, gpu_ms=g, sessions=s, days=_days(days[key])) for key, (c, g, s) in found.items()]


def _days(found: dict[str, Micros]) -> tuple[tuple[str, Micros], ...]:
    return tuple((day, cost) for day, cost in sorted(found.items()) if cost)
