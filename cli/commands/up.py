"""`up`: rent a machine, watch it boot, hand over its ssh command."""

from pathlib import Path

from cli import errand, keys, launch, lookup, quote, remote, renewing
from cli.arguments import Commands, add, count, port, positive, whole
from cli.commands import ending, renew, show
from cli.commands.inventory import add_wishes
from cli.context import Context
from cli.errors import ApiError, CliError, Interrupted, Unreachable, UsageError
from cli.progress import Overdue
from cli.shapes import FINAL, Launch, Session
from cli.words import clean, elapsed, rate, usd

_MORE = """\
examples:
  gpu-shopper up --offer vastai:12345 --hours 2
  gpu-shopper up --gpu 'RTX 4090' --max-price 0.50
  gpu-shopper up --gpu 'RTX 4090' --max-price 0.50 --yes --rm -- nvidia-smi

What stands behind -- needs --rm: it runs there by ssh (one word is a line for the remote shell, several are one
command), its exit code becomes ours, and the session is ended whatever happens. Without a command --rm opens a shell.
With --lease-minutes it ends even if this computer dies meanwhile: the lease is renewed for as long as up is at work.
Ctrl-C while waiting leaves the session running, except with --rm."""


def declare(commands: Commands) -> None:
    parser = add(commands, "up", "rent a machine and wait until ssh answers", run, _MORE)
    parser.add_argument("--offer", metavar="ID", help="this very offer, as inventory lists it")
    wishes = parser.add_argument_group("or what it must be (the cheapest that fits is rented)")
    add_wishes(wishes)
    wishes.add_argument("--gpu-count", type=count, metavar="N", help="default: 1")
    parser.add_argument("--max-price", type=positive, metavar="USD", help="per hour, all-in; nothing dearer is rented")
    parser.add_argument("--hours", type=positive, default=launch.HOURS, help="it ends by itself then (default: 1)")
    parser.add_argument("--disk", type=count, default=launch.DISK_GB, metavar="GB", help="default: 40")
    parser.add_argument("--image", help="docker image or template (default: the market's plain CUDA one)")
    parser.add_argument("--env", action="append", metavar="NAME[=VALUE]", help="repeatable; without value: from here")
    parser.add_argument("--onstart", type=Path, metavar="FILE", help="script that runs on the machine after boot")
    parser.add_argument(
        "--port",
        action="append",
        type=port,
        metavar="N",
        help="open this port (show tells where it is reached); repeatable",
    )
    parser.add_argument("--workload", help="llm, training, batch, interactive or benchmark")
    parser.add_argument("--idle-minutes", type=whole, metavar="N", help="end it when idle for so long (0: never)")
    parser.add_argument(
        "--lease-minutes", type=positive, metavar="N", help="end it unless it is renewed so often (see renew)"
    )
    parser.add_argument(
        "--extendable-hours",
        type=positive,
        metavar="N",
        help="how far it may be extended, where the machine cannot reach the service (see docs/agent.md)",
    )
    parser.add_argument("--max-attempts", type=count, metavar="N", help="how many offers may be tried, 1 to 5")
    parser.add_argument(
        "--ssh-key", type=Path, metavar="FILE", help="public key (default: ~/.ssh/id_*.pub, else a new one)"
    )
    parser.add_argument("--consumer", metavar="NAME", help="operators: rent for this consumer")
    parser.add_argument("--idempotency-key", metavar="KEY", help="repeat an earlier launch without renting twice")
    parser.add_argument(
        "--yes", "-y", action="store_true", help="do not ask before spending (only asked on a terminal)"
    )
    waiting = parser.add_mutually_exclusive_group()
    waiting.add_argument("--wait", action="store_true", default=True, help="until ssh answers (default)")
    waiting.add_argument("--no-wait", action="store_false", dest="wait", help="return once the session is accepted")
    parser.add_argument("--timeout", type=positive, metavar="SECONDS", help="wait at most so long; the session goes on")
    parser.add_argument("--rm", action="store_true", help="run what stands behind -- there, then end the session")


def run(ctx: Context) -> int:
    _check(ctx)
    public, said = keys.public(ctx.config, ctx.args.ssh_key)
    order = launch.body(ctx.args, ctx.environ, public)
    if said:
        ctx.console.note(said)
    if "offer_id" in order:
        order["offer_id"] = lookup.offer(ctx.client, order["offer_id"])
    # A script has said what it wants; a person is told the price first.
    if ctx.console.asks and not ctx.args.yes and not quote.agreed(ctx, order):
        raise CliError("nothing was rented", code="declined")
    session = _open(ctx, order)
    if ctx.args.rm:
        return _errand(ctx, session)
    if not ctx.args.wait:
        return _accepted(ctx, session)
    session, watched = _boot(ctx, session)
    if ctx.console.as_json:
        ctx.console.data(session)
    else:
        _summary(ctx, session, watched)
    return 0


def _check(ctx: Context) -> None:
    args = ctx.args
    if ctx.rest is not None and not args.rm:
        raise UsageError("a command behind -- needs --rm", "gpu-shopper ssh ID -- … runs one on a session that stays")
    if args.rm and (ctx.console.as_json or not args.wait):
        raise UsageError("--rm waits, and gives stdout to the command: drop --json and --no-wait")
    if args.rm and not ctx.rest and not ctx.console.asks:
        raise UsageError("--rm without a command opens a shell, which needs a terminal", "put a command behind --")


def _open(ctx: Context, order: Launch) -> Session:
    import secrets

    key = ctx.args.idempotency_key or secrets.token_hex(16)
    unsure = f"it may have been accepted: look at gpu-shopper ls, or repeat the command with --idempotency-key {key}"
    try:
        return ctx.client.open_session(order, key)
    except (Unreachable, ApiError) as error:
        if error.sent if isinstance(error, Unreachable) else error.status >= 500 and error.code != "creates_blocked":
            error.hint = f"{unsure} (never rents twice)"
        raise
    except KeyboardInterrupt:
        raise Interrupted("stopped while asking", unsure) from None


def _boot(ctx: Context, session: Session) -> tuple[Session, float]:
    """The running session, and the seconds it took. Raises CliError for one that ended instead."""
    short = lookup.short(session["id"])
    ends = (
        "it is being ended" if ctx.args.rm else f"follow it: gpu-shopper show {short} · end it: gpu-shopper rm {short}"
    )
    try:
        with renewing.renewed(ctx.config, session):
            session, watched = ctx.watch.follow(
                session, lambda now: now["status"] == "running" or now["status"] in FINAL, ctx.args.timeout
            )
    except (Overdue, Unreachable, ApiError) as error:
        error.detail = f"{session['id']}: {error.detail}"
        error.hint = f"{error.hint}; {ends}" if isinstance(error, ApiError) and error.hint else ends
        raise
    except KeyboardInterrupt:
        raise Interrupted(f"{session['id']} goes on" if not ctx.args.rm else "stopped", ends) from None
    if session["status"] != "running":
        if ctx.console.as_json:
            ctx.console.data(session)
        raise CliError(
            _failure(session), f"more: gpu-shopper show {short} · other offers: gpu-shopper inventory", "ended"
        )
    return session, watched


def _failure(session: Session) -> str:
    reason, word = session.get("end_reason"), session.get("status_reason")
    why = ", ".join(part for part in (reason, word if word != reason else None) if part)
    attempts = session.get("attempts") or []
    tried = [f"{one.get('offer_id')}: {one.get('detail') or one.get('outcome')}" for one in attempts]
    return f"{session['id']} {session['status']} ({why})" + (f"; tried {', '.join(tried)}" if tried else "")


def _accepted(ctx: Context, session: Session) -> int:
    if ctx.console.as_json:
        ctx.console.data(session)
        return 0
    short = lookup.short(session["id"])
    ctx.console.say(f"{session['id']} {session['status']}")
    ctx.console.note(f"follow it: gpu-shopper show {short} · end it: gpu-shopper rm {short}")
    return 0


def _summary(ctx: Context, session: Session, watched: float) -> None:
    """What runs, what it costs, how to end it; the ssh command is the last line."""
    say, short = ctx.console.say, lookup.short(session["id"])
    say(f"{session['id']} is {ctx.console.status('running')} after {elapsed(watched)}")
    price = session.get("price_per_hour")
    total = usd(price * session["hours"]) if price is not None and "hours" in session else "-"
    gpu = f"{session.get('gpu_count') or 1} × {clean(session.get('gpu') or 'GPU')}"
    place = clean(lookup.place(session))
    say(f"{gpu} · ${rate(price)}/h, {total} for all of it · {place} · {show.ends(session, ctx.now())}")
    leased = renew.lease(session, ctx)
    if leased:
        say(f"{leased}: gpu-shopper renew {short} --keep")
    own = "" if ctx.args.ssh_key is None else f" -i {ctx.args.ssh_key}"
    say(f"gpu-shopper ssh {short}{own} · gpu-shopper extend {short} 1 · gpu-shopper done {short}")
    say(remote.plain(ctx.config, session, ctx.args.ssh_key))


def _errand(ctx: Context, session: Session) -> int:
    with errand.ended_afterwards(ctx, session):
        session, watched = _boot(ctx, session)
        ctx.console.note(f"{session['id']} is running after {elapsed(watched)}; it is ended when the command is")
        with renewing.renewed(ctx.config, session):
            code = errand.errand(ctx, session)
    for line in show.proof(ctx, ending.gone(ctx, session)):
        ctx.console.note(line)
    return code
