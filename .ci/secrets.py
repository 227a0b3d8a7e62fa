"""No key of anybody is committed: detect-secrets over every file that git knows, against the fakes that we made up.

Runs in the environment of requirements/security.txt.
"""

import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]

GENERATED = ("requirements.txt", "requirements-dev.txt", "package-lock.json")
"""Digests and nothing else; so are the lock files in requirements/."""
PICTURES = (".png", ".svg", ".ico")

_PARTS = 4

GUESSES = ("Secret Keyword", "Hex High Entropy String", "Base64 High Entropy String")
"""By name or by look: tests are full of keys that open nothing, and are judged without these."""

FAKES: dict[tuple[str, str], str] = {
    ("Makefile", "Secret Keyword"): "a target of that name",
    ("chalicelib/api/parameters.py", "Hex High Entropy String"): "an id, as an example for people",
    ("chalicelib/domain/base32.py", "Base64 High Entropy String"): "the alphabet",
    ("deploy/gateway.py", "Base64 High Entropy String"): "a word of API Gateway's",
    ("tests/api/test_orders.py", "Private Key"): "the first line of one",
    ("tests/cli/conftest.py", "Private Key"): "the first line of one",
    ("tests/cli/test_keys.py", "Private Key"): "the first line of one",
    ("tests/domain/test_endpoint.py", "Basic Auth Credentials"): "a URL that must be refused for having some",
    ("tests/stack/test_page.py", "Private Key"): "the first line of one",
    ("tests/test_log.py", "Private Key"): "a made-up block that must not come out",
}
"""By file and kind: what it is."""


class Finding(NamedTuple):
    file: str
    kind: str
    line: int


def main() -> int:
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                            capture_output=True, check=True, text=True)  # fmt: skip
    files = [name for name in listed.stdout.split("\0") if name and wanted(name) and (ROOT / name).is_file()]
    if not files:
        print("no file to look at: that is no clean bill", file=sys.stderr)
        return 1
    complaints = list(judged(scan(files)))
    for one in complaints:
        print(f"{one.file}:{one.line}: {one.kind}: a secret? If it is none, say what it is in .ci/secrets.py")
    return 1 if complaints else 0


def wanted(name: str) -> bool:
    lock = name.startswith("requirements/") and name.endswith(".txt")
    return not lock and name not in GENERATED and not name.endswith(PICTURES)


def judged(findings: Iterable[Finding]) -> Iterator[Finding]:
    for one in findings:
        if (one.file, one.kind) not in FAKES:
            yield one


def scan(files: list[str]) -> Iterator[Finding]:
    """Tests and the rest apart, for settings that change from file to file are most of the time it takes."""
    tests = [name for name in files if name.startswith("tests/")]
    rest = [name for name in files if not name.startswith("tests/")]
    parts = [(part[number::_PARTS], part is rest) for part in (tests, rest) for number in range(_PARTS)]
    with ProcessPoolExecutor() as pool:
        for found in pool.map(look, *zip(*parts, strict=True)):
            yield from found


def look(names: list[str], guess: bool) -> list[Finding]:
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
    from detect_secrets.core.scan import scan_file
    from detect_secrets.settings import default_settings, transient_settings

    with default_settings():
        plugins = get_mapping_from_secret_type_to_class()
    used = [{"name": one.__name__} for kind, one in plugins.items() if guess or kind not in GUESSES]
    with transient_settings({"plugins_used": used}):
        return [Finding(name, one.type, one.line_number) for name in names for one in scan_file(str(ROOT / name))]


if __name__ == "__main__":
    sys.exit(main())
