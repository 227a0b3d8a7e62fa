"""The whole of `orphans`: survey the accounts, choose, ask, end, and tell people or programs."""

from collections.abc import Sequence

from cli.context import Context
from cli.direct.ending import Ending, end
from cli.direct.markets import Direct, Unreadable, reach
from cli.direct.survey import Account, Machine, survey
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
    chosen = _chosen(ctx, accounts)
    if not console.as_json:
        _show(ctx, direct, accounts)
    endings = _end(ctx, direct, chosen) if args.execute else []
    if console.as_json:
        console.data(fields(direct, accounts, chosen, endings))
    else:
        _report(ctx, chosen, endings)
    unseen = "; ".join(f"{account.provider}: {account.error}" for account in accounts if account.error)
    if unseen:
        raise Unreachable(f"not seen whole: {unseen}", "there may be more than is told")
    return 1 if any(not ending.gone for ending in endings) else 0


def _chosen(ctx: Context, accounts: Sequence[Account]) -> list[Machine]:
    """What --execute would destroy. Raises CliError for a name that no machine of this deployment has."""
    ours = [machine for account in accounts for machine in account.ours]
    if not ctx.args.ids:
        return [machine for machine in ours if machine.overdue or ctx.args.all_ours]
    known = [*ours, *(machine for account in accounts for machine in account.unverified)]
    chosen: dict[str, Machine] = {}
    for name in ctx.args.ids:
        found = {m.name: m for m in known if name in (m.name, m.instance.id, m.session_id, m.instance.tag)}
        if not found:
            raise CliError(f"no machine of this deployment is called {name}", "a foreign one is never touched here")
        if len({m.session_id for m in found.values()}) > 1:
            raise UsageError(f"{name} is at more than one provider", f"say which: {' or '.join(found)}")
        chosen |= found
    return list(chosen.values())


def _show(ctx: Context, direct: Direct, accounts: Sequence[Account]) -> None:
    console, now = ctx.console, direct.clock.now()
    if direct.simulated:
        console.note("the simulated markets of the local cloud: nothing here is real")
    ours = [machine for account in accounts for machine in account.ours]
    apart = [machine for account in accounts for machine in account.unverified]
    if ours or apart or not console.terminal:
        console.table(COLUMNS, [row(machine, now) for machine in (*ours, *apart)])
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


def _report(ctx: Context, chosen: Sequence[Machine], endings: Sequence[Ending]) -> None:
    if not ctx.args.execute:
        names = " ".join(machine.name for machine in chosen)
        note = f"--execute would destroy {names}" if chosen else "nothing is past its hard max"
        ctx.console.note(note)
    elif not chosen:
        ctx.console.note("nothing to destroy")
    for ending in endings:
        name = ending.machine.name
        if ending.gone:
            proof = f"absent by id and from a complete list, twice, {ending.apart:.0f} s apart"
            ctx.console.say(f"{name} gone: {proof} ({ending.asked} destroys)")
        else:
            ctx.console.say(f"{name} NOT proven gone after {ending.asked} destroys: {ending.trouble or 'still there'}")
