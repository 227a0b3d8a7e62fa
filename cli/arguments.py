"""The pieces that the commands' argument parsers share."""

import argparse
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, NoReturn, TypeAlias

from cli.errors import UsageError

if TYPE_CHECKING:
    from cli.context import Command

Commands: TypeAlias = "argparse._SubParsersAction[Parser]"


class Parser(argparse.ArgumentParser):
    """Raises UsageError, one line, where argparse would print its own and exit."""

    @property
    def commands(self) -> "Mapping[str, Parser]":
        """The commands below this one, by name; none below most."""
        groups = [action for action in self._actions if isinstance(action, argparse._SubParsersAction)]
        return groups[0].choices if groups else {}

    @property
    def arguments(self) -> list[argparse.Action]:
        """Its own options and words."""
        return [action for action in self._actions if not isinstance(action, argparse._SubParsersAction)]

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, f"see {self.prog} --help")


class Aligned(argparse.HelpFormatter):
    """Help with all commands in one column, however long their names are."""

    def add_argument(self, action: argparse.Action) -> None:
        super().add_argument(action)
        if isinstance(action, argparse._SubParsersAction):
            self._max_help_position = self._action_max_length = max(map(len, action.choices)) + 6


def add(
    commands: Commands, name: str, summary: str, run: "Command", more: str | None = None, *, inner: bool = False
) -> Parser:
    """A command with the options that all of them have; an `inner` one leaves them as the outer one has them."""
    parser = commands.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=more,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(run=run)
    unset = argparse.SUPPRESS if inner else None
    parser.add_argument(
        "--json",
        action="store_true",
        dest="as_json",
        default=unset or False,
        help="answer as JSON; errors too, on stderr",
    )
    parser.add_argument(
        "--url", default=unset, help="the service (default: GPU_SHOPPER_URL, config.toml, http://127.0.0.1:8000)"
    )
    return parser


def positive(text: str) -> float:
    """argparse type: a finite number above zero."""
    value = _number(text)
    if not value > 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not above zero")
    return value


def at_least_zero(text: str) -> float:
    value = _number(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is below zero")
    return value


def count(text: str) -> int:
    """argparse type: a whole number from 1."""
    value = whole(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is below 1")
    return value


def whole(text: str) -> int:
    """argparse type: a whole number from 0."""
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def port(text: str) -> int:
    value = count(text)
    if value > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port")
    return value


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number")
    return value
