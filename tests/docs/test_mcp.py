"""The page on the MCP server names the tools and options that there are, and its settings start the server."""

import json
import re
import shutil
import sys
from pathlib import Path

from cli.main import parser
from tests.cli.conftest import Run, home, run, stub

__all__ = ["home", "run", "stub"]  # fixtures

PAGE = (Path(__file__).parents[2] / "docs" / "mcp.md").read_text("utf-8")


def test_the_settings_are_json_and_start_the_server() -> None:
    (block,) = re.findall(r"^```json\n(.*?)^```", PAGE, re.M | re.S)
    server = json.loads(block)["mcpServers"]["gpu-shopper"]
    assert shutil.which(server["command"], path=str(Path(sys.executable).parent))
    args = parser().parse_args(server["args"])
    assert (args.command, args.max_price, args.max_hours) == ("mcp", 1.5, 4.0)
    assert set(server["env"]) == {"GPU_SHOPPER_URL", "GPU_SHOPPER_KEY"}


def test_every_tool_has_its_row(run: Run) -> None:
    section = PAGE.partition("## The tools")[2].partition("## ")[0]
    told = {name for row in re.findall(r"^\| (`.*?) \|", section, re.M) for name in re.findall(r"`(\w+)`", row)}
    assert told == {tool["name"] for tool in run("mcp", "--json").json["tools"]}


def test_every_option_has_its_row() -> None:
    section = PAGE.partition("| option |")[2].partition("## ")[0]
    told = set(re.findall(r"^\| `(--[a-z-]+)", section, re.M))
    mcp = parser().commands["mcp"]
    known = {word for action in mcp.arguments for word in action.option_strings if word.startswith("--")}
    assert told == known - {"--help", "--url"}
