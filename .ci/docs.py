"""Holds the pages for people to the truth: what they link to exists, and what they tell to type can be typed."""

import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]*))?\)")
CODE = re.compile(r"^```(?:sh|bash|shell|console)\n(.*?)^```", re.M | re.S)
HEADING = re.compile(r"^#+ (.*)$", re.M)


def main() -> int:
    sys.path.insert(0, str(ROOT))
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    complaints = []
    for page in pages():
        text = page.read_text("utf-8")
        complaints += [f"{page.relative_to(ROOT)}: {wrong}" for wrong in (*links(page, text), *commands(text, targets))]
    import reference

    page = reference.PAGE.read_text("utf-8")
    if reference.wanted(page) != page:
        complaints.append("docs/cli.md: is not what the commands say of themselves: run python .ci/reference.py")
    print("\n".join(complaints), end="\n" if complaints else "")
    return 1 if complaints else 0


def pages() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def links(page: Path, text: str) -> Iterator[str]:
    for path, anchor in LINK.findall(text):
        target = page.parent / path if path else page
        if not target.exists():
            yield f"links to {path}, which does not exist"
        elif anchor and target.suffix == ".md" and anchor not in anchors(target.read_text("utf-8")):
            yield f"links to {path}#{anchor}, and there is no such heading"


def anchors(text: str) -> set[str]:
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in HEADING.findall(text)}


def commands(text: str, targets: set[str]) -> Iterator[str]:
    for block in CODE.findall(text):
        for word in re.findall(r"(?:^|[\s;&|])make ([a-z]+)", block):
            if word not in targets:
                yield f"says `make {word}`, and there is no such target"
        for word in re.findall(r"gpu-shopper ([a-z]+)", block):
            if word not in subcommands():
                yield f"says `gpu-shopper {word}`, and there is no such command"
        for module in re.findall(r"python3? -m ([a-z_.]+)", block):
            if importlib.util.find_spec(module) is None:
                yield f"says `python -m {module}`, and there is no such module"


def subcommands() -> set[str]:
    from cli.main import parser

    return set(re.findall(r"^    ([a-z]+)\b", parser().format_help(), re.M))


if __name__ == "__main__":
    sys.exit(main())
