"""`ls`: the sessions, newest first; with --watch again and again."""

from datetime import datetime

from cli.arguments import Commands, add, count
from cli.console import STATUS_COLOURS
from cli.context import Context
from cli.errors import UsageError
from cli.lookup import place, short
from cli.shapes import FINAL, Session
from cli.table import Column
from cli.words import OFFER, number, rate, until, usd

WATCH_SECONDS = 2.0
_COLUMNS = (
    Column("ID"),
    Column("STATUS", paint=STATUS_COLOURS.get),
    Column("GPU", shrinks=True, least=14),
    Column("N", right=True, optional=2),
    Column("$/H", right=True),
    Column("SPENT", right=True),
    Column("ENDS", right=True),
    Column("OFFER", elides=True, least=OFFER, optional=3),
    Column("CONSUMER", shrinks=True, optional=4),
    Column("REASON", shrinks=True, optional=1),
)


def declare(commands: Commands) -> None:
    more = "On a terminal the ID is the end of the whole one, which every command takes; piped, it is whole."
    parser = add(commands, "ls", "list the sessions, newest first", run, more)
    parser.add_argument("--all", action="store_true", help="ended ones too")
    parser.add_argument("--status", help="only this status, such as running")
    parser.add_argument("--consumer", metavar="NAME", help="operators: only this consumer's")
    parser.add_argument("--provider", metavar="NAME", help="only on this market")
    parser.add_argument("--limit", type=count, default=50, metavar="N", help="rows (default: 50)")
    parser.add_argument("--watch", action="store_true", help="keep looking, until Ctrl-C")


def run(ctx: Context) -> int:
    if not ctx.args.watch:
        _once(ctx)
        return 0
    if not ctx.console.terminal or ctx.console.as_json:
        raise UsageError("--watch needs a terminal and goes without --json")
    try:
        while True:
            ctx.console.clear()
            _once(ctx)
            ctx.pause(WATCH_SECONDS)
    except KeyboardInterrupt:
        return 0


def _once(ctx: Context) -> None:
    args = ctx.args
    status = args.status or (None if args.all else "active")
    query = {"status": status, "consumer": args.consumer, "provider": args.provider}
    answer = ctx.client.session_list(query, args.limit)
    if ctx.console.as_json:
        ctx.console.data(answer)
        return
    found, now = answer["sessions"], ctx.now()
    if found or not ctx.console.terminal:
        ctx.console.table(_COLUMNS, [_row(one, now, whole=not ctx.console.terminal) for one in found])
    else:
        ended = "" if args.all or args.status else "; ended ones: gpu-shopper ls --all"
        ctx.console.note(f"no sessions{ended}")
    if answer["next_cursor"]:
        ctx.console.note(f"the newest {len(found)}; more: --limit N")


def _row(session: Session, now: datetime, whole: bool) -> list[str]:
    soonest = session.get("lease_expires_at") or session.get("expires_at")
    end = session.get("ended_at") if session["status"] in FINAL else soonest
    reason = session.get("end_reason") or session.get("status_reason") or ""
    return [
        session["id"] if whole else short(session["id"]),
        session["status"],
        session.get("gpu") or "-",
        number(session.get("gpu_count")),
        rate(session.get("price_per_hour")),
        usd((session.get("cost") or {}).get("accrued")),
        (end or "-") if whole else until(end, now),
        place(session),
        session.get("consumer") or "-",
        "" if reason in ("ssh_ready", place(session)) else reason,
    ]
