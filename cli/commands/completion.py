"""`completion`: the script that lets a shell complete our commands, options and sessions."""

from cli.arguments import Commands, add
from cli.context import Context

SHELLS = ("bash", "zsh", "fish")
_MORE = """\
In the startup file of the shell:
  bash   eval "$(gpu-shopper completion bash)"
  zsh    eval "$(gpu-shopper completion zsh)"        (behind compinit)
  fish   gpu-shopper completion fish | source"""


def declare(commands: Commands) -> None:
    parser = add(commands, "completion", "print the completion script of a shell", run, _MORE)
    parser.add_argument("shell", choices=SHELLS, metavar="SHELL", help="bash, zsh or fish")


def run(ctx: Context) -> int:
    from cli.completion import script
    from cli.main import parser

    text = script(ctx.args.shell, parser())
    if ctx.console.as_json:
        ctx.console.data({"shell": ctx.args.shell, "script": text})
    else:
        ctx.console.say(text.rstrip("\n"))
    return 0
