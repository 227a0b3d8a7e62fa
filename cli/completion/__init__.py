"""Completion scripts for shells, generated from the argument parser, so that they know every command and option."""

from collections.abc import Callable, Mapping

from cli.arguments import Parser
from cli.completion import bash, fish, zsh
from cli.outline import outline

_SHELLS: Mapping[str, Callable[..., str]] = {"bash": bash.script, "zsh": zsh.script, "fish": fish.script}


def script(shell: str, root: Parser) -> str:
    """The whole script, for the shell to read."""
    return _SHELLS[shell](outline(root))
