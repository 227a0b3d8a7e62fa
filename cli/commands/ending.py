"""`done`, `rm` and `extend`: how long a session goes on."""

from datetime import timedelta

from cli import lookup
from cli.arguments import Commands, add, positive
from cli.commands import show
from cli.context import Context
from cli.errors import CliError, Interrupted, Unreachable
from cli.progress import Overdue
from cli.shapes import FINAL, Session
from cli.words import clock, moment, span, usd


def declare(commands: Commands) -> None:
    for name, summary, run in (
        ("done", "end a session whose work is done", done),
        ("rm", "end a session now, whatever it does", remove),
    ):
        parser = add(commands, name, summary, run, "It is over when the machine is proven gone: --wait tells.")
        parser.add_argument("id", metavar="ID")
        parser.add_argument("--wait", action="store_true", help="until the machine is proven gone; prints the proof")
        parser.add_argument(
            "--timeout", type=positive, metavar="SECONDS", help="wait at most so long; the ending goes on"
        )
    parser = add(commands, "extend", "let a session go on longer", extend)
    parser.add_argument("id", metavar="ID")
    parser.add_argument("hours", type=positive, metavar="HOURS", help="so many more")
    parser.add_argument("--override", action="store_true", help="operators: past the hard maximum too, on record")
    parser.add_argument("--yes", "-y", action="store_true", help="do not ask")


def done(ctx: Context) -> int:
    return _end(ctx, ctx.client.done(lookup.session(ctx.client, ctx.args.id)))


def remove(ctx: Context) -> int:
    return _end(ctx, ctx.client.delete(lookup.session(ctx.client, ctx.args.id)))


def extend(ctx: Context) -> int:
    session_id = lookup.session(ctx.client, ctx.args.id)
    hours = ctx.args.hours
    if ctx.console.asks and not ctx.args.yes:
        session = ctx.client.session(session_id)
        price, end = session.get("price_per_hour"), moment(session.get("expires_at"))
        until = f", until {clock(end + timedelta(hours=hours), ctx.now())}" if end else ""
        cost = f": at most {usd(price * hours)} more" if price is not None else ""
        beyond = ", past its hard maximum if need be, on record in your name" if ctx.args.override else ""
        if not ctx.console.confirm(f"{span(hours * 3600)} more{until}{cost}{beyond}?"):
            raise CliError("nothing was changed", code="declined")
    try:
        session = ctx.client.extend(session_id, hours, ctx.args.override)
    except Unreachable as error:
        if error.sent:
            error.hint = f"it may have been done: gpu-shopper show {lookup.short(session_id)}, before you repeat it"
        raise
    if ctx.console.as_json:
        ctx.console.data(session)
    else:
        ctx.console.say(f"{session['id']} {show.ends(session, ctx.now())}")
    return 0


def _end(ctx: Context, session: Session) -> int:
    short = lookup.short(session["id"])
    if ctx.args.wait:
        session = gone(ctx, session, ctx.args.timeout)
    if ctx.console.as_json:
        ctx.console.data(session)
    elif session["status"] in FINAL:
        for line in show.proof(ctx, session):
            ctx.console.say(line)
    else:
        ctx.console.say(f"{session['id']} {session['status']}")
        ctx.console.note(f"gone when proven: gpu-shopper rm {short} --wait, or show {short}")
    return 0


def gone(ctx: Context, session: Session, timeout: float | None = None) -> Session:
    """The session once it is final; stopping to wait stops nothing else."""
    goes_on = f"the service goes on ending it; see gpu-shopper show {lookup.short(session['id'])}"
    try:
        return ctx.watch.follow(session, lambda now: now["status"] in FINAL, timeout)[0]
    except (Overdue, Unreachable) as error:
        error.hint = goes_on
        raise
    except KeyboardInterrupt:
        raise Interrupted("stopped waiting", goes_on) from None
