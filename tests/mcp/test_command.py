"""`gpu-shopper mcp`: what it says without its package, and what it lists."""

import importlib.util

import pytest

from tests.cli.conftest import Run, home, run, stub

__all__ = ["home", "run", "stub"]  # fixtures


def test_json_lists_the_tools(run: Run) -> None:
    tools = run("mcp", "--json").json["tools"]
    assert {"rent", "renew_session", "end_session"} <= {tool["name"] for tool in tools}
    assert all(tool["inputSchema"]["type"] == "object" for tool in tools)
    assert len(run("mcp", "--json", "--read-only").json["tools"]) == len(tools) - 4


def test_without_the_package_it_says_how_to_get_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    ran = run("mcp")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("gpu-shopper: the package mcp is not installed here; pipx inject cloud-gpu-shopper mcp")
