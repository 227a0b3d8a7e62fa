"""The argument parser as data: commands, options, and what may stand behind them; for completion and the reference."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from cli.arguments import Parser


class Takes(Enum):
    """What stands behind an option, or in a place of its own."""

    NOTHING = "nothing"
    CHOICE = "choice"  # one of its words
    FILE = "file"
    SESSION = "session"  # the id of one that lives
    ANYTHING = "anything"  # nobody knows beforehand


@dataclass(frozen=True, slots=True)
class Option:
    flags: tuple[str, ...]
    says: str
    takes: Takes
    words: tuple[str, ...] = ()
    value: str = ""
    """What stands behind it, as help calls it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A word without a flag."""

    name: str
    takes: Takes
    words: tuple[str, ...] = ()
    says: str = ""
    needed: bool = True
    many: bool = False


@dataclass(frozen=True, slots=True)
class Node:
    """One command, by the words that lead to it; the program itself has none."""

    path: tuple[str, ...]
    says: str
    more: str
    options: tuple[Option, ...]
    places: tuple[Place, ...]
    below: tuple["Node", ...]

    @property
    def name(self) -> str:
        return " ".join(self.path)


def outline(parser: Parser, path: tuple[str, ...] = ()) -> Node:
    options = tuple(_option(action) for action in parser.arguments if action.option_strings)
    places = tuple(_place(action, path) for action in parser.arguments if not action.option_strings)
    below = tuple(outline(child, (*path, name)) for name, child in parser.commands.items())
    return Node(path, (parser.description or "").rstrip("."), parser.epilog or "", options, places, below)


def every(node: Node) -> Iterator[Node]:
    """It and all below it."""
    yield node
    for child in node.below:
        yield from every(child)


def _option(action: argparse.Action) -> Option:
    takes, words = _takes(action)
    takes = Takes.NOTHING if action.nargs == 0 else Takes.SESSION if "--session" in action.option_strings else takes
    value = "" if takes is Takes.NOTHING else str(action.metavar or "|".join(words) or action.dest.upper())
    return Option(tuple(action.option_strings), _says(action), takes, words, value)


def _place(action: argparse.Action, path: tuple[str, ...]) -> Place:
    """`ID` is a session's where it stands directly behind a command, and a consumer's in the groups."""
    takes, words = _takes(action)
    session = action.dest == "id" and len(path) == 1
    return Place(
        str(action.metavar or action.dest), Takes.SESSION if session else takes, words, _says(action),
        needed=action.required, many=action.nargs == "*",
    )  # fmt: skip


def _takes(action: argparse.Action) -> tuple[Takes, tuple[str, ...]]:
    if action.choices:
        return Takes.CHOICE, tuple(str(choice) for choice in action.choices)
    return (Takes.FILE if action.type is Path else Takes.ANYTHING), ()


def _says(action: argparse.Action) -> str:
    return "" if action.help in (None, argparse.SUPPRESS) else str(action.help).replace("%%", "%")
