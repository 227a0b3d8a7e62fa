"""What is known against the packages that run on Lambda. An audit that audited nothing says so, loudly.

`--strict` fails then; without it (a machine without network, a mirror without advisories) the check goes on.
Runs in the environment of requirements/security.txt.
"""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_SECONDS = 60


def main(arguments: list[str]) -> int:
    tool = Path(sys.executable).parent / "pip-audit"
    asked = [tool, "--strict", "--require-hashes", "--disable-pip", "--timeout", "10", "--format", "json",
             "--progress-spinner", "off", "--requirement", ROOT / "requirements.txt"]  # fmt: skip
    try:
        done = subprocess.run(asked, capture_output=True, text=True, timeout=_SECONDS)
        told, trouble = done.stdout, done.stderr
    except subprocess.TimeoutExpired:
        told, trouble = "", f"no answer in {_SECONDS} s"
    return verdict(told, trouble, locked(), strict="--strict" in arguments)


def locked() -> int:
    """How many packages the lock file names."""
    return sum("==" in line and not line.startswith((" ", "#")) for line in _lines())


def _lines() -> list[str]:
    return (ROOT / "requirements.txt").read_text("utf-8").splitlines()


def verdict(told: str, trouble: str, expected: int, *, strict: bool) -> int:
    """The exit status for what pip-audit printed: 0 only when every package was looked at, or nobody insists."""
    try:
        audited = [one for one in json.loads(told)["dependencies"] if "vulns" in one]
    except (ValueError, KeyError, TypeError):
        audited = []
    known = [(one["name"], one["version"], hole["id"]) for one in audited for hole in one["vulns"]]
    for name, version, hole in known:
        print(f"{name} {version}: {hole}")
    if known:
        return 1
    if audited and len(audited) >= expected:
        print(f"pip-audit: {len(audited)} packages, nothing known against them")
        return 0
    why = trouble.strip().splitlines()[-1] if trouble.strip() else "it said nothing"
    print(f"!! NOT AUDITED: {len(audited)} of {expected} packages were looked at ({why})", file=sys.stderr)
    return 1 if strict else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
