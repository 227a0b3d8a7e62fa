"""`show`: one session whole: what it is, how it came there, and the proof of its absence once it is gone."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from cli import lookup, remote
from cli.arguments import Commands, add
from cli.commands import renew
from cli.context import Context
from cli.errors import CliError
from cli.shapes import FINAL, Event, OpenPort, Session
from cli.table import Column
from cli.words import OFFER, clean, clock, elapsed, moment, rate, until, usd, yes

_ATTEMPTS = (
    Column("ATTEMPT"),
    Column("OFFER", elides=True, least=OFFER),
    Column("OUTCOME", shrinks=True),
    Column("AT", right=True),
)
_HISTORY = (
    Column("AT"),
    Column("AFTER", right=True),
    Column("STATE"),
    Column("REASON", shrinks=True),
    Column("BY", optional=1),
)


def declare(commands: Commands) -> None:
    more = "ID: the whole id, or the end of it as ls shows it."
    parser = add(commands, "show", "tell everything about one session", run, more)
    parser.add_argument("id", metavar="ID")


def run(ctx: Context) -> int:
    session_id = lookup.session(ctx.client, ctx.args.id)
    session = ctx.client.session(session_id)
    events = ctx.client.events(session_id)
    if ctx.console.as_json:
        ctx.console.data({**session, "events": events})
        return 0
    now, console = ctx.now(), ctx.console
    pairs = _pairs(ctx, session, now)
    for label, value in pairs:
        console.say(f"{console.paint(f'{label:<10}', 'dim')} {value}" if console.terminal else f"{label}\t{value}")
    attempts = session.get("attempts") or []
    if attempts:
        console.say()
        rows = [
            [str(i), one.get("offer_id", "-"), _outcome(one), _at(ctx, one.get("at"), now)]
            for i, one in enumerate(attempts, 1)
        ]
        console.table(_ATTEMPTS, rows)
    if events:
        console.say()
        console.table(_HISTORY, _history(ctx, events, now))
    lines = proof(ctx, session)
    if lines:
        console.say()
    for line in lines:
        console.say(line)
    return 0


def ends(session: Session, now: datetime) -> str:
    """When it ends, or ended: local time and how long that is from now."""
    final = session["status"] in FINAL
    text = session.get("ended_at") if final else session.get("expires_at")
    at = moment(text)
    return f"{'ended' if final else 'ends'} {clock(at, now)} ({until(text, now)})" if at else "no end known"


def proof(ctx: Context, session: Session) -> list[str]:
    """How we know that the machine is gone; nothing for a session that has not ended."""
    if session["status"] not in FINAL:
        return []
    evidence = session.get("absence_proof")
    if not evidence:
        return [f"{session['id']} is {session['status']}: no machine was ever ordered"]
    looks: list[dict[str, Any]] = [one for one in evidence.get("looks") or [] if isinstance(one, dict)]
    machines = ", ".join(str(one) for one in evidence.get("instance_ids") or []) or "none known by id"
    where = evidence.get("provider") or session.get("provider") or "the market"
    lines = [f"{session['id']} is {session['status']}, proven gone from {where} (machine: {machines})"]
    for look in looks:
        listed = look.get("machines_listed")
        of = f"a complete list of {listed} without it" if listed is not None else "a complete list without it"
        lines.append(f"  {_at(ctx, look.get('at'), ctx.now())}  asked for it: absent · {of}")
    return [clean(line) for line in lines]


def _pairs(ctx: Context, session: Session, now: datetime) -> list[tuple[str, str]]:
    status, reason = session["status"], session.get("status_reason")
    why = session.get("end_reason")
    both = f"{why}: {reason}" if why and reason and why != reason else why or (reason if status != "running" else None)
    offer = session.get("offer")
    cost = session.get("cost") or {}
    region = offer.get("region") if offer else None
    spent = "in all" if status in FINAL else "so far"
    pairs = [
        ("session", clean(session["id"])),
        ("status", ctx.console.status(status) + (f" ({clean(both)})" if both else "")),
        ("gpu", f"{session.get('gpu_count') or 1} × {clean(session.get('gpu') or '-')}"),
        ("offer", clean(lookup.place(session)) + (f" · {clean(region)}" if region else "")),
        ("price", f"${rate(session.get('price_per_hour'))}/h · {usd(cost.get('accrued'))} {spent}"),
        ("time", _time(ctx, session, now)),
    ]
    leased = renew.lease(session, ctx)
    if leased:
        pairs.append(("lease", leased.removeprefix("lease of ")))
    if session.get("provider_instance_id"):
        pairs.append(("machine", clean(session["provider_instance_id"])))
    if status == "running":
        pairs.append(("ssh", _ssh(ctx, session)))
    if status not in FINAL:
        pairs += [("port", _port(one)) for one in session.get("ports") or []]
    if session.get("last_heartbeat_at"):
        util = session.get("gpu_util")
        busy = f" · GPU {util:.0f} %" if util is not None else ""
        pairs.append(("agent", f"heard {until(session.get('last_heartbeat_at'), now)}{busy}"))
    paths = session.get("kill_paths")
    if paths and status not in FINAL:
        pairs.append(
            ("kill paths", ", ".join(f"{clean(name).replace('_', ' ')} {yes(on)}" for name, on in paths.items()))
        )
    return pairs


def _time(ctx: Context, session: Session, now: datetime) -> str:
    if not ctx.console.terminal:
        return (session.get("ended_at") if session["status"] in FINAL else session.get("expires_at")) or "-"
    latest = moment(session.get("hard_max_at"))
    last = f" · never past {clock(latest, now)}" if latest and session["status"] not in FINAL else ""
    return ends(session, now) + last


def _ssh(ctx: Context, session: Session) -> str:
    try:
        return remote.plain(ctx.config, session, None)
    except CliError as error:
        return clean(error.detail)


def _port(one: OpenPort) -> str:
    return clean(f"{one['port']} at {remote.joined(one['host'], one['external_port'])}")


def _outcome(attempt: Any) -> str:
    detail = attempt.get("detail")
    return f"{attempt.get('outcome') or '-'}{f': {detail}' if detail else ''}"


def _history(ctx: Context, events: Sequence[Event], now: datetime) -> list[list[str]]:
    first = moment(events[0].get("at"))
    rows = []
    for event in events:
        at = moment(event.get("at"))
        after = elapsed((at - first).total_seconds()) if at and first else "-"
        reason = " ".join(part for part in (event.get("reason"), event.get("detail")) if part)
        rows.append([_at(ctx, event.get("at"), now), after, event.get("to", "-"), reason, event.get("actor") or "-"])
    return rows


def _at(ctx: Context, text: str | None, now: datetime) -> str:
    """Local for a person, as the service said it for a program."""
    at = moment(text)
    if at is None or not ctx.console.terminal:
        return text or "-"
    day = "" if at.astimezone().date() == now.astimezone().date() else at.astimezone().strftime("%Y-%m-%d ")
    return day + at.astimezone().strftime("%H:%M:%S")
