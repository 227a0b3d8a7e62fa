"""Rules of this house that no linter knows, read off the syntax tree: that takes no network and no second.

Each exception stands below with its reason; one that nothing needs any more is a complaint too.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]

CLOCK = re.compile(
    r"time\.(time|time_ns|monotonic|monotonic_ns|perf_counter|perf_counter_ns|sleep|localtime|gmtime|process_time)"
    r"|datetime\.datetime\.(now|utcnow|today)|datetime\.date\.today"
)
RANDOM = re.compile(r"(random|secrets|uuid|numpy\.random)(\..*)?|os\.(urandom|getrandom)")
NETWORK = re.compile(
    r"(socket|ssl|requests|urllib3|httpx|aiohttp|boto3|botocore|pynamodb|smtplib|ftplib|telnetlib|socketserver)(\..*)?"
    r"|http\.(client|server)(\..*)?|urllib\.request(\..*)?"
)
ENVIRONMENT = re.compile(r"os\.(environ|environb|getenv|putenv|unsetenv)(\..*)?")
SECRET = re.compile(r"(^|_)(digest|hash|hmac|mac|pepper|secret|signature|token|password|proof)$", re.I)
FINAL = ("TERMINATED", "FAILED")

SERVICE = ("app.py", "chalicelib")
EVERYTHING = ("app.py", "chalicelib", "cli", "deploy")

WHERE: dict[str, dict[str, str]] = {
    "clock": {
        "chalicelib/wiring.py": "the Clock port stands here",
        "chalicelib/vault/ssm.py": "pauses between tries, before there are any ports",
        "chalicelib/store/table.py": "the default pause between tries; tests give another",
        "chalicelib/store/session_rows.py:month": "the month of a moment that it is given",
    },
    "randomness": {
        "chalicelib/wiring.py": "the Ids port stands here",
        "chalicelib/vault/secrets.py": "makes the deployment's secrets, once",
        "chalicelib/store/trouble.py": "spreads the tries of those who collided; nothing secret",
    },
    "network": {
        "chalicelib/providers/": "the markets",
        "chalicelib/store/": "the table",
        "chalicelib/notify/": "topic and queue",
        "chalicelib/vault/": "the parameters",
        "chalicelib/grants.py": "makes AWS's clients",
    },
    "environment": {
        "chalicelib/wiring.py": "reads it, once",
        "chalicelib/grants.py": "AWS's own variables, for its signer",
        "chalicelib/providers/http.py": "where the machine keeps its certificates",
    },
    "final state": {
        "chalicelib/domain/session.py:finish": "the one way in, by proof",
        "chalicelib/domain/session.py:_move": "writes what the moves decide",
        "chalicelib/domain/session.py:": "names the two",
    },
    "compared": {},
    "swallowed": {
        "cli/direct/markets.py:signing_keys": "a folder without keys verifies no tag; whoever asks is told so",
    },
}
"""By rule: the file, folder or `file:function` that may, and why."""


class Complaint(NamedTuple):
    rule: str
    place: str
    line: int
    function: str
    says: str


def main() -> int:
    complaints, idle = judge(ROOT)
    for one in complaints:
        print(f"{one.place}:{one.line}: {one.rule}: {one.says}")
    for rule, place in idle:
        print(f".ci/rules.py: {rule}: nothing in {place} needs its exception any more")
    return 1 if complaints or idle else 0


def judge(root: Path) -> tuple[list[Complaint], list[tuple[str, str]]]:
    """(what is wrong, exceptions that nothing needs)."""
    used: set[tuple[str, str]] = set()
    complaints = []
    for one in everything(root):
        allowed = [place for place in WHERE[one.rule] if _within(one, place)]
        used.update((one.rule, place) for place in allowed)
        complaints += [] if allowed else [one]
    there = {(rule, place) for rule, places in WHERE.items() for place in places}
    return complaints, sorted(there - used)


def _within(one: Complaint, place: str) -> bool:
    file, colon, function = place.partition(":")
    if colon:
        return (one.place, one.function) == (file, function)
    return one.place == file or (file.endswith("/") and one.place.startswith(file))


def everything(root: Path) -> Iterator[Complaint]:
    """What the rules are about, in every file they hold for, allowed there or not."""
    for name in EVERYTHING:
        for file in [root / name] if name.endswith(".py") else sorted((root / name).rglob("*.py")):
            yield from read(file.read_text("utf-8"), file.relative_to(root).as_posix())


def read(code: str, place: str) -> Iterator[Complaint]:
    """What the rules are about in one file."""
    reader = _Reader(place, _about(place))
    reader.visit(ast.parse(code))
    yield from reader.found


def _about(place: str) -> tuple[tuple[str, re.Pattern[str], str], ...]:
    """Which names from outside are watched in this file."""
    if not place.startswith(SERVICE):
        return ()
    return (
        ("clock", CLOCK, "time comes through the Clock port"),
        ("randomness", RANDOM, "randomness comes through the Ids port"),
        ("network", NETWORK, "only the rooms of the outside talk to it"),
        ("environment", ENVIRONMENT, "settings come from wiring"),
    )


class _Reader(ast.NodeVisitor):
    def __init__(self, place: str, watched: tuple[tuple[str, re.Pattern[str], str], ...]) -> None:
        self.found: list[Complaint] = []
        self._place, self._watched = place, watched
        self._names: dict[str, str] = {}
        self._functions: list[str] = []

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._functions.append(node.name)
        self.generic_visit(node)
        self._functions.pop()

    def visit_Import(self, node: ast.Import) -> None:
        for name in node.names:
            first = name.name.partition(".")[0]
            self._names[name.asname or first] = name.name if name.asname else first
            self._watch(node, name.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for name in node.names:
            full = f"{node.module}.{name.name}"
            self._names[name.asname or name.name] = full
            self._watch(node, full)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        dotted = self._dotted(node)
        if dotted:
            self._watch(node, dotted)
        # A final state is the business of one function, whatever the enumeration is called there.
        if node.attr in FINAL and isinstance(node.value, ast.Name) and node.value.id == "Status":
            self._tell(node, "final state", f"Status.{node.attr} is domain/session.py's: use `finish`, or FINAL")
        if not dotted:
            self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called in ("replace", "Session") and self._place.startswith(SERVICE):
            about = ast.unparse(node.args[0]) if node.args else ""
            for keyword in node.keywords:
                if keyword.arg == "status" and (called == "Session" or "session" in about or "after" in about):
                    self._tell(node, "final state", "a session's status moves by the moves of domain/session.py alone")
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        sides = [node.left, *node.comparators]
        if any(isinstance(how, ast.Eq | ast.NotEq) for how in node.ops) and not any(map(_is_plain, sides)):
            named = [name for name in map(_name, sides) if SECRET.search(name)]
            if named:
                self._tell(node, "compared", f"`{named[0]}` takes hmac.compare_digest, which tells nothing by its time")
        self.generic_visit(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        for inside in ast.walk(node):
            if isinstance(inside, ast.Return) and _is_collection(inside.value):
                self._tell(inside, "swallowed", "an error is no empty list: raise, or say that nothing is known")
        self.generic_visit(node)

    def _dotted(self, node: ast.expr) -> str:
        """The full name of a chain of attributes, if it begins with something imported."""
        if isinstance(node, ast.Name):
            return self._names.get(node.id, "")
        if isinstance(node, ast.Attribute) and (before := self._dotted(node.value)):
            return f"{before}.{node.attr}"
        return ""

    def _watch(self, node: ast.AST, name: str) -> None:
        for rule, pattern, says in self._watched:
            if pattern.fullmatch(name):
                self._tell(node, rule, f"`{name}`: {says}")

    def _tell(self, node: ast.AST, rule: str, says: str) -> None:
        function = self._functions[-1] if self._functions else ""
        self.found.append(Complaint(rule, self._place, getattr(node, "lineno", 0), function, says))


def _name(node: ast.expr) -> str:
    """What a value is called: the last part of `a.b.digest`, `digest(...)`, `row["digest"]`."""
    if isinstance(node, ast.Call):
        return _name(node.func)
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return str(node.slice.value)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _is_plain(node: ast.expr) -> bool:
    """Nothing secret is compared with a literal, or with a type's own constant."""
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Attribute) and node.attr.isupper())


def _is_collection(node: ast.expr | None) -> bool:
    if isinstance(node, ast.List | ast.Tuple | ast.Set | ast.ListComp):
        return not (isinstance(node, ast.Tuple) and node.elts)  # (value, error) is an answer
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("list", "tuple", "set", "frozenset", "iter")


if __name__ == "__main__":
    sys.exit(main())
