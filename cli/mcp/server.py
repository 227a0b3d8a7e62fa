"""The server: which tools there are, what clients are told of them, and how it talks over stdin and stdout."""

import inspect
from collections.abc import Callable

from mcp.server import MCPServer
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
    server: MCPServer[object] = MCPServer(
        "gpu-shopper", title="Cloud GPU Shopper", version=__version__, instructions=_ABOUT, log_level="WARNING"
    )
    for tool in (
        tools.search_offers, tools.price_history, tools.quote,
        tools.session_status, tools.list_sessions, tools.ssh_info, tools.costs,
    ):  # fmt: skip
        _add(server, tool, ToolAnnotations(read_only_hint=True, open_world_hint=True))
    if tools.limits.read_only:
        return server
    renewing = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=True)
    spending = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=False)
    ending = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=True)
    _add(server, tools.rent, spending)
    _add(server, tools.renew_session, renewing)
    _add(server, tools.extend_session, spending)
    _add(server, tools.end_session, ending)
    return server


def _add(server: MCPServer[object], tool: Callable[..., object], hints: ToolAnnotations) -> None:
    server.add_tool(told(tool), description=inspect.cleandoc(tool.__doc__ or ""), annotations=hints)
