"""`mcp`: the tools of an AI agent, over stdin and stdout."""

import importlib.util

from cli.arguments import Commands, add, positive
from cli.context import Context
from cli.errors import UsageError

LEASE_MINUTES = 15.0  # a model may think for minutes between two calls, and what it forgot should not cost an hour
_MORE = """\
For the settings of an AI agent's program, which starts it; see docs/mcp.md. The agent rents with your key, within its
quota and budget; the options set limits beyond those. Needs the package mcp: pipx inject cloud-gpu-shopper mcp
With --json it lists its tools and their schemas instead, and leaves."""


def declare(commands: Commands) -> None:
    parser = add(commands, "mcp", "serve the tools of an AI agent (Model Context Protocol)", run, _MORE)
    parser.add_argument(
        "--lease-minutes", type=positive, default=LEASE_MINUTES, metavar="N",
        help="lease of what it rents, unless it asks for another (default: 15)",
    )  # fmt: skip
    parser.add_argument("--lease-optional", action="store_true", help="it may rent without a lease too")
    parser.add_argument("--max-price", type=positive, metavar="USD", help="per hour; nothing dearer is rented")
    parser.add_argument("--max-hours", type=positive, metavar="N", help="for one rent or extension")
    parser.add_argument("--read-only", action="store_true", help="only tools that look: none that rents or ends")


def run(ctx: Context) -> int:
    if importlib.util.find_spec("mcp") is None:
        raise UsageError(
            "the package mcp is not installed here",
            "pipx inject cloud-gpu-shopper mcp; in a checkout: .venv/bin/pip install -r requirements/mcp.txt",
        )
    from cli.mcp.limits import Limits
    from cli.mcp.server import build
    from cli.mcp.tools import Tools

    args = ctx.args
    limits = Limits(args.lease_minutes, args.lease_optional, args.max_price, args.max_hours, args.read_only)
    server = build(Tools(ctx.config, limits, ctx.pause))
    if ctx.console.as_json:
        import anyio

        tools = anyio.run(server.list_tools)
        ctx.console.data({"tools": [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools]})
        return 0
    if ctx.console.asks:
        ctx.console.note("an MCP client starts this and talks to it over stdin; Ctrl-C ends it")
    server.run("stdio")
    return 0
