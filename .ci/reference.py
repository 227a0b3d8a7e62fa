"""Writes the part of docs/cli.md that the argument parser decides; `docs.py` holds the page to it."""

import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from cli.main import parser  # noqa: E402
from cli.outline import Node, Option, Takes, every, outline  # noqa: E402

PAGE = ROOT / "docs" / "cli.md"
MARK = "<!-- What follows is written by .ci/reference.py -->\n"
_EVERYWHERE = ("--help", "--json", "--url")


def main() -> int:
    PAGE.write_text(wanted(PAGE.read_text("utf-8")), "utf-8")
    return 0


def wanted(page: str) -> str:
    """The page with the reference as it must be."""
    before, mark, _ = page.partition(MARK)
    if not mark:
        raise ValueError(f"{PAGE} has no line {MARK!r}")
    return before + MARK + "\n" + "\n".join(_lines(outline(parser())))


def _lines(root: Node) -> Iterator[str]:
    for node in every(root):
        if not node.path:
            continue
        yield f"### {node.name}\n"
        yield f"{node.says[0].upper()}{node.says[1:]}.\n"
        if node.below:
            continue
        yield f"```\ngpu-shopper {node.name}{_usage(node)}\n```\n"
        rows = [*_places(node), *_options(node)]
        if rows:
            yield "| | |\n|---|---|\n" + "\n".join(rows) + "\n"
        if node.more:
            yield f"```\n{node.more}\n```\n"


def _usage(node: Node) -> str:
    words = " [OPTIONS]"
    for place in node.places:
        word = f"{place.name} …" if place.many else place.name
        words += f" {word}" if place.needed else f" [{word}]"
    return words


def _places(node: Node) -> Iterator[str]:
    for place in node.places:
        says = place.says or ("the end of a session's id, or the whole" if place.takes is Takes.SESSION else "")
        yield f"| `{place.name}` | {_cell(says)} |"


def _options(node: Node) -> Iterator[str]:
    for option in node.options:
        if option.flags[-1] not in _EVERYWHERE:
            yield f"| {_flags(option)} | {_cell(option.says)} |"


def _flags(option: Option) -> str:
    value = f" {option.value}" if option.value else ""
    return ", ".join(f"`{_cell(flag + value)}`" for flag in option.flags)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())
