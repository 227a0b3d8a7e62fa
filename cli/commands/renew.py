"""`renew`: say that a leased session is still wanted, once or for as long as this runs."""

from cli import lookup, renewing
from cli.arguments import Commands, add
from cli.context import Context
from cli.errors import ApiError
from cli.shapes import FINAL, Session
from cli.words import clock, moment, number, span, until

_MORE = """\
A session opened with --lease-minutes ends by itself unless it is renewed that often. Renewing moves no other end: for
more hours there is gpu-shopper extend. up renews by itself while it waits, and with --rm while the command runs."""


def declare(commands: Commands) -> None:
    parser = add(commands, "renew", "renew a session's lease, so that it is not ended as abandoned", run, _MORE)
    parser.add_argument("id", metavar="ID")
    parser.add_argument("--keep", action="store_true", help="go on renewing until Ctrl-C or the session's end")


def run(ctx: Context) -> int:
    session = ctx.client.renew(lookup.session(ctx.client, ctx.args.id))
    if not ctx.args.keep:
        _tell(ctx, session)
        return 0
    return _keep(ctx, session)


def lease(session: Session, ctx: Context) -> str | None:
    """`lease of 10 min runs out 14:05 (in 7 min)`; None where there is no lease."""
    at = moment(session.get("lease_expires_at"))
    if at is None or session["status"] in FINAL:
        return None
    now = ctx.now()
    length = number(session.get("lease_minutes"), 0 if (session.get("lease_minutes") or 0) >= 1 else 2)
    return f"lease of {length} min runs out {clock(at, now)} ({until(session.get('lease_expires_at'), now)})"


def _keep(ctx: Context, session: Session) -> int:
    _tell(ctx, session)
    short = lookup.short(session["id"])

    def stopped(seconds: float) -> bool:
        ctx.pause(seconds)
        return False

    def told(now: Session) -> None:
        nonlocal session
        session = now
        if ctx.console.err_terminal:
            ctx.console.live(f"{lease(now, ctx)}; renewed every {span(renewing.pace(now))} until Ctrl-C")

    told(session)
    try:
        renewing.keep(ctx.client, session, stopped, told)
    except KeyboardInterrupt:
        end = moment(session.get("lease_expires_at"))
        when = f" and ends {clock(end, ctx.now())}" if end else ""
        ctx.console.note(f"{session['id']} is not renewed any more{when}; end it now: gpu-shopper done {short}")
    except ApiError as error:
        if error.code != "not_live":
            raise
        ctx.console.note(f"{session['id']}: {error.detail}")
    return 0


def _tell(ctx: Context, session: Session) -> None:
    if ctx.console.as_json:
        ctx.console.data(session)
    else:
        ctx.console.say(f"{session['id']} {lease(session, ctx)}")
