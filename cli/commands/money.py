"""`costs`, `budget`, `alerts`: what was spent, what may be, and who is told."""

from cli import lookup
from cli.arguments import Commands, add, at_least_zero, positive
from cli.context import Context
from cli.errors import ApiError, UsageError
from cli.shapes import Budget, Costs
from cli.table import Column
from cli.words import clock, moment, number, usd

_GROUPS = ("day", "month", "session", "provider", "gpu", "consumer")
_COSTS = (
    Column("KEY", elides=True),
    Column("COST", right=True),
    Column("GPU-HOURS", right=True),
    Column("SESSIONS", right=True),
)
_ALERTS = (Column("AT"), Column("KIND"), Column("SENT", optional=1), Column("DETAIL", below=True))
_SUBSCRIPTIONS = (Column("ID"), Column("PROTOCOL"), Column("ENDPOINT", shrinks=True), Column("CONSUMER"))
_BUDGET = "Options change what they name, at once; whatever is not said stays as it is."
_WHOLE = ("period", "limit", "thresholds", "on_exceeded")


def declare(commands: Commands) -> None:
    spent = add(commands, "costs", "tell what was spent, up to this moment", costs, "Days are UTC, both included.")
    spent.add_argument("--by", choices=_GROUPS, default="day", help="what to group by (default: day)")
    spent.add_argument("--from", dest="since", metavar="DATE", help="first day, like 2026-11-01 (default: 30 days)")
    spent.add_argument("--to", dest="until", metavar="DATE", help="last day (default: today)")
    spent.add_argument("--session", metavar="ID", help="only this session's; the end of its id will do")
    spent.add_argument("--consumer", metavar="ID", help="only theirs (operators)")

    summary = "show a budget and what is left of it, or set it (operators)"
    may = add(commands, "budget", summary, budget, _BUDGET)
    may.add_argument("consumer", metavar="CONSUMER", nargs="?", help="default: yourself")
    may.add_argument("--limit", type=at_least_zero, metavar="USD", help="so much a period; a first budget needs it")
    may.add_argument("--period", choices=("day", "month"), help="what the limit is for (at first: month)")
    may.add_argument(
        "--on-exceeded",
        choices=("alert", "block", "terminate"),
        help="only tell, refuse what may pass the limit, or end what runs too (at first: alert)",
    )
    may.add_argument(
        "--threshold",
        type=positive,
        action="append",
        metavar="SHARE",
        help="tell at this share, such as 0.8, and no more at those before; repeatable (at first: 0.5, 0.8 and 1)",
    )

    told = add(commands, "alerts", "list the alerts, or say who hears of them", alerts)
    told.add_argument("--consumer", metavar="ID", help="only theirs, or for them (operators)")
    what = told.add_mutually_exclusive_group()
    what.add_argument("--subscribe", metavar="ENDPOINT", help="a mail address, or an https:// webhook")
    what.add_argument("--unsubscribe", metavar="ID", help="end a subscription")
    what.add_argument("--subscriptions", action="store_true", help="list the subscriptions instead")


def costs(ctx: Context) -> int:
    args = ctx.args
    session = lookup.session(ctx.client, args.session) if args.session is not None else None
    filters = {
        "group_by": args.by, "from": args.since, "to": args.until, "session": session, "consumer": args.consumer,
    }  # fmt: skip
    answer: Costs = ctx.client.costs(filters)
    if ctx.console.as_json:
        ctx.console.data(answer)
        return 0
    rows = [
        [str(one["key"]), usd(one["cost"]), number(one["gpu_hours"], 2), number(one["sessions"])]
        for one in answer["groups"]
    ]
    ctx.console.table(_COSTS, rows)
    ctx.console.note(
        f"{answer['from']} to {answer['to']}: {usd(answer['total'])} for {number(answer['gpu_hours'], 2)} GPU-hours; "
        f"now {usd(answer['burn_per_hour'])}/h"
    )
    return 0


def budget(ctx: Context) -> int:
    args = ctx.args
    consumer = args.consumer or ctx.client.me()["consumer"]["id"]
    words = {
        "period": args.period, "limit": args.limit, "thresholds": args.threshold, "on_exceeded": args.on_exceeded,
    }  # fmt: skip
    said = {name: value for name, value in words.items() if value is not None}
    if not said:
        return _tell(ctx, ctx.client.budget(consumer))
    return _tell(ctx, ctx.client.set_budget(consumer, {**_before(ctx, consumer, "limit" in said), **said}))


def _before(ctx: Context, consumer: str, limited: bool) -> dict[str, object]:
    """The budget as it is: the service takes a whole one. Raises UsageError where there is none, nor a limit for it."""
    try:
        now = dict(ctx.client.budget(consumer))
    except ApiError as error:
        if (error.status, error.code) != (404, "not_found"):
            raise
        if not limited:
            raise UsageError(f"{error.detail}: one is set as a whole", "give --limit too") from None
        return {"period": "month"}
    return {name: now[name] for name in _WHOLE}


def alerts(ctx: Context) -> int:
    args = ctx.args
    if args.subscribe is not None:
        protocol = "https" if ":" in args.subscribe else "email"
        body = {"protocol": protocol, "endpoint": args.subscribe}
        made = ctx.client.subscribe(body | ({"consumer": args.consumer} if args.consumer else {}))
        if ctx.console.as_json:
            ctx.console.data(made)
        else:
            ctx.console.say(f"{made['endpoint']} is asked to confirm; subscription {made['id']}")
        return 0
    if args.unsubscribe is not None:
        ended = ctx.client.unsubscribe(args.unsubscribe)
        if ctx.console.as_json:
            ctx.console.data(ended)
        else:
            ctx.console.say(f"{ended['endpoint']} hears no more")
        return 0
    return _subscriptions(ctx) if args.subscriptions else _alerts(ctx)


def _alerts(ctx: Context) -> int:
    answer = ctx.client.alerts({"consumer": ctx.args.consumer})
    if ctx.console.as_json:
        ctx.console.data(answer)
        return 0
    rows = [
        [_at(ctx, one["at"]), one["kind"], "yes" if one.get("sent_at") else "no", one["detail"]]
        for one in answer["alerts"]
    ]
    ctx.console.table(_ALERTS, rows)
    return 0


def _at(ctx: Context, text: str) -> str:
    """Local for a person, as the service said it for a program."""
    at = moment(text)
    return clock(at, ctx.now()) if at and ctx.console.terminal else text


def _subscriptions(ctx: Context) -> int:
    answer = ctx.client.subscriptions({"consumer": ctx.args.consumer})
    if ctx.console.as_json:
        ctx.console.data(answer)
        return 0
    rows = [
        [one["id"], one["protocol"], one["endpoint"], one.get("consumer") or "all"] for one in answer["subscriptions"]
    ]
    ctx.console.table(_SUBSCRIPTIONS, rows)
    return 0


def _tell(ctx: Context, told: Budget) -> int:
    if ctx.console.as_json:
        ctx.console.data(told)
        return 0
    shares = ", ".join(f"{share:.0%}" for share in told["thresholds"])
    ctx.console.say(f"{told['consumer']}: {usd(told['limit'])} a {told['period']}, then {told['on_exceeded']}")
    ctx.console.say(
        f"spent {usd(told['spent'])}, reserved {usd(told['reserved'])}, forecast {usd(told['forecast'])}; "
        f"told at {shares or 'no threshold'}"
    )
    return 0
