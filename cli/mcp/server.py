"""The server: which tools there are, what clients are told of them, and how it talks over stdin and stdout."""

import inspect
from collections.abc import Callable

from mcp.server import MCPServer
from mcp.server.mcpserver.tools import Tool
from mcp.types import ToolAnnotations

from chalicelib import __version__
from cli.mcp.refusals import told
from cli.mcp.tools import Tools

_ABOUT = """\
Rents GPU machines on several markets with the account of the person who set this up; money is spent while a session
lives. The usual way: search_offers, quote, rent, session_status with wait_seconds until it is running, ssh_info, work
over SSH, end_session. Every session has a lease: call renew_session at half of lease_minutes for as long as you need
it; if you stop, it ends by itself and everything on it is lost. Always end what you no longer need, and tell the person
what runs and what it costs. Errors say what to do next."""


def build(tools: Tools) -> MCPServer[object]:
    looking = ToolAnnotations(read_only_hint=True, open_world_hint=True)
    renewing = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=True)
    spending = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=False)
    ending = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=True)
    offered: dict[Callable[..., object], ToolAnnotations] = dict.fromkeys(
        (
            tools.search_offers, tools.price_history, tools.quote, tools.session_status, tools.list_sessions,
            tools.ssh_info, tools.costs,
        ),
        looking,
    )  # fmt: skip
    if not tools.limits.read_only:
        offered |= {
            tools.rent: spending,
            tools.renew_session: renewing,
            tools.extend_session: spending,
            tools.end_session: ending,
        }
    return MCPServer(
        "gpu-shopper",
        title="Cloud GPU Shopper",
        version=__version__,
        instructions=_ABOUT,
        tools=[_tool(function, hints) for function, hints in offered.items()],
        log_level="WARNING",
    )


def _tool(function: Callable[..., object], hints: ToolAnnotations) -> Tool:
    """One that takes what it knows and nothing else: a limit under a wrong name must not be a wish that is ignored."""
    made = Tool.from_function(told(function), description=inspect.cleandoc(function.__doc__ or ""), annotations=hints)
    arguments = made.fn_metadata.arg_model
    arguments.model_config["extra"] = "forbid"
    arguments.model_rebuild(force=True)
    made.parameters = arguments.model_json_schema(by_alias=True)
    return made
