"""`ssh`: become ssh to a session's machine."""

import os
import sys
from pathlib import Path

from cli import lookup, remote
from cli.arguments import Commands, add
from cli.context import Context
from cli.errors import CliError

_MORE = """\
examples:
  gpu-shopper ssh ab12cd34
  gpu-shopper ssh ab12cd34 -- nvidia-smi
  gpu-shopper ssh ab12cd34 -- -L 8888:localhost:8888

What stands behind -- is given to ssh behind the destination. The machine's host key is trusted at first sight, then
held for this session. With --json the command is told and not run."""


def declare(commands: Commands) -> None:
    parser = add(commands, "ssh", "open a shell on a session's machine", run, _MORE)
    parser.add_argument("id", metavar="ID")
    parser.add_argument(
        "-i", "--ssh-key", type=Path, metavar="FILE", help="the key it was rented with, if not the usual one"
    )


def run(ctx: Context) -> int:
    session = ctx.client.session(lookup.session(ctx.client, ctx.args.id))
    argv = remote.command(ctx.config, session, ctx.args.ssh_key, ctx.rest or ())
    if ctx.console.as_json:
        ctx.console.data({**remote.address(session), "session": session["id"], "argv": argv})
        return 0
    remote.prepare(ctx.config)
    sys.stdout.flush()
    try:
        os.execvp(argv[0], argv)  # noqa: S606 - no shell is wanted; the parts are checked
    except FileNotFoundError:
        raise CliError("no ssh here", "install the OpenSSH client") from None
