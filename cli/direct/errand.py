"""The whole of `orphans`: survey the accounts, choose, ask, end, and tell people or programs."""

from collections.abc import Sequence

from cli.context import Context
from cli.direct.ending import Ending, end
from cli.direct.markets import Direct, Unreadable, reach
from cli.direct.naming import named
from cli.direct.survey import Account, Machine, survey, unseen
from cli.direct.told import COLUMNS, fields, row
from cli.errors import CliError, Unreachable, UsageError


def orphans(ctx: Context) -> int:
    """0 done, 1 when something chosen is not proven gone. Raises Unreachable when an account was not seen whole."""
    args, console = ctx.args, ctx.console
    if args.ids and args.all_ours:
        raise UsageError("name machines, or say --all-ours, not both")
    direct = reach(ctx.environ, ctx.pause, ctx.clock)
    try:
        if not direct.kept.signing_keys():
            console.note(f"warning: no signing keys in {direct.kept.place}: no tag can be verified")
        accounts = survey(direct)
    except Unreadable as error:
        raise CliError(f"cannot tell which machines are ours: {error}") from None
    chosen, missed = _chosen(ctx, accounts), unseen(accounts)
    if not console.as_json:
        _show(ctx, direct, accounts)
    endings = _end(ctx, direct, chosen) if args.execute else []
    if console.as_json:
        console.data(fields(direct, accounts, chosen, endings))
    else:
        _report(ctx, chosen, endings, whole=not missed)
    if missed:
        raise Unreachable(f"not seen whole: {missed}", "there may be more than is told")
    return 1 if any(not ending.gone for ending in endings) else 0


def _chosen(ctx: Context, accounts: Sequence[Account]) -> list[Machine]:
    """What --execute would destroy. Raises CliError for a name that means no machine of this deployment, or several."""
    if not ctx.args.ids:
        ours = [machine for account in accounts for machine in account.ours]
        return [machine for machine in ours if machine.overdue or ctx.args.all_ours]
    return list({machine.name: machine for text in ctx.args.ids for machine in named(text, accounts)}.values())


def _show(ctx: Context, direct: Direct, accounts: Sequence[Account]) -> None:
    console, now = ctx.console, direct.clock.now()
    if direct.simulated:
        console.note("the simulated markets of the local cloud: nothing here is real")
    ours = [machine for account in accounts for machine in account.ours]
    apart = [machine for account in accounts for machine in account.unverified]
    if ours or apart or not console.terminal:
        console.table(COLUMNS, [row(machine, now, whole=not console.terminal) for machine in (*ours, *apart)])
    foreign = ", ".join(f"{account.foreign} at {account.provider}" for account in accounts if not account.error)
    console.note(f"{len(ours)} ours, {len(apart)} unverified; foreign, never touched: {foreign or 'unknown'}")
    if apart:
        console.note("unverified: the tag names this deployment and no key of ours made it; a person must decide")


def _end(ctx: Context, direct: Direct, chosen: Sequence[Machine]) -> list[Ending]:
    console = ctx.console
    if chosen and not ctx.args.yes and console.asks:  # in a script --execute is the word
        names = ", ".join(machine.name for machine in chosen)
        living = sum(machine.verified and not machine.overdue for machine in chosen)
        warning = f" ({living} not past the hard max: their sessions may be in use)" if living else ""
        if not console.confirm(f"Destroy {names}{warning}?"):
            raise CliError("nothing was destroyed", code="declined")
    return end(direct, chosen, ctx.args.timeout, console.live if console.err_terminal else lambda _: None)


def _report(ctx: Context, chosen: Sequence[Machine], endings: Sequence[Ending], whole: bool) -> None:
    """`whole`: every account was seen whole; only then can be said that there is nothing."""
    if chosen and not ctx.args.execute:
        ctx.console.note(f"--execute would destroy {' '.join(machine.name for machine in chosen)}")
    elif not chosen and whole:
        ctx.console.note("nothing to destroy" if ctx.args.execute else "nothing is past its hard max")
    for ending in endings:
        name = ending.machine.name
        if ending.gone:
            proof = f"absent by id and from a complete list, twice, {ending.apart:.0f} s apart"
            ctx.console.say(f"{name} gone: {proof} ({ending.asked} destroys)")
        else:
            ctx.console.say(f"{name} NOT proven gone after {ending.asked} destroys: {ending.trouble or 'still there'}")
