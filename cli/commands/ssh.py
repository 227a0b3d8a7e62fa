"""`ssh`: a shell, or a command, on a session's machine."""

from pathlib import Path

from cli import lookup, remote, visiting
from cli.arguments import Commands, add
from cli.context import Context

_MORE = """\
examples:
  gpu-shopper ssh ab12cd34
  gpu-shopper ssh ab12cd34 -- nvidia-smi
  gpu-shopper ssh ab12cd34 -- -L 8888:localhost:8888

What stands behind -- is given to ssh behind the destination. The machine's host key is trusted at first sight, then
held for this session. Its exit code is ours; 255 may be ssh's own word for not getting in, and then a line says so.
With --json the command is told and not run."""


def declare(commands: Commands) -> None:
    parser = add(commands, "ssh", "open a shell on a session's machine", run, _MORE)
    parser.add_argument("id", metavar="ID")
    parser.add_argument(
        "-i", "--ssh-key", type=Path, metavar="FILE", help="the key it was rented with, if not the usual one"
    )


def run(ctx: Context) -> int:
    session = ctx.client.session(lookup.session(ctx.client, ctx.args.id))
    if ctx.console.as_json:
        argv = remote.command(ctx.config, session, ctx.args.ssh_key, ctx.rest or ())
        ctx.console.data({**remote.address(session), "session": session["id"], "argv": argv})
        return 0
    own = f"gpu-shopper ssh {lookup.short(session['id'])}"
    return visiting.visit(ctx, session, ctx.rest or (), f"why: {own} -- -v · with another key: {own} -i FILE")
