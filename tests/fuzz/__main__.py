"""Runs schemathesis on a stack of its own: on things that exist, then on everything with a key of each role."""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from local.drill.stack import KEY, PUBLIC_KEY, Stack, wait_until

# Not `positive_data_acceptance`: types cannot say which cursors, offers, SSH keys and webhooks there are.
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,negative_data_rejection,missing_required_header,unsupported_method,ignored_auth"
)


PUBLIC_URL = "https://shopper.example.com"
"""Never called; agents get a token only where they could reach the service."""


class Pass(NamedTuple):
    name: str
    key: str
    include: str
    """A pattern of paths."""
    known: str = ""
    """The `id` in those paths."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("schemathesis", type=Path)
    parser.add_argument("--examples", type=int, default=50, help="per operation (default 50)")
    asked = parser.parse_args()
    failed = []
    with tempfile.TemporaryDirectory(prefix="shopper-fuzz-") as folder:
        stack = Stack(Path(folder) / "data", SHOPPER_PUBLIC_URL=PUBLIC_URL)
        stack.start()
        try:
            for each in _passes(stack):
                print(f"== {each.name}", flush=True)
                if _run(asked.schemathesis, asked.examples, stack, each, Path(folder)):
                    failed.append(each.name)
            health = stack.get("/health")["status"]
        finally:
            stack.stop()
    print(f"fuzz: failed: {', '.join(failed)}" if failed else f"fuzz: all passes are clean; the stack is {health}")
    return 1 if failed else 0


def _passes(stack: Stack) -> list[Pass]:
    """Everything they need is there before the first: an operator who tries everything revokes keys, too."""
    wait_until(lambda: stack.get("/inventory", limit=1)["total"] > 0, 60, "there are offers")
    keys = {}
    for role in ("consumer", "operator"):
        name = f"fuzz-{role}"
        stack.post("/consumers", {"id": name, "role": role, "max_sessions": 1000, "max_price_per_hour": 100_000})
        keys[role] = stack.post(f"/consumers/{name}/keys")["key"]
    stack.post("/consumers", {"id": "known"})
    offers = stack.get("/inventory", spot="false", provider="vastai", limit=50)["offers"]
    one, two = (_rent(stack, offer) for offer in (offers[0], offers[-1]))
    wait_until(lambda: all(each["status"] == "running" for each in stack.sessions()), 60, "both machines run")
    return [
        Pass("a session that lives", KEY, "^/sessions/[{]id[}]/(extend|renew|events)", one),
        Pass("a session that ends meanwhile", KEY, "^/sessions/[{]id", one),
        Pass("an agent", _token(stack, two), "^/agent/"),
        Pass("a consumer that exists", KEY, "^/consumers/[{]id", "known"),
        Pass("a budget that exists", KEY, "^/budgets/", "known"),
        Pass("a consumer", keys["consumer"], "^/"),
        Pass("an operator", keys["operator"], "^/"),
    ]


def _rent(stack: Stack, offer: dict[str, Any]) -> str:
    body = {"offer_id": offer["id"], "ssh_public_key": PUBLIC_KEY, "hours": 12, "lease_minutes": 60}
    return str(stack.post("/sessions", body)["id"])


def _token(stack: Stack, session: str) -> str:
    """What the machine was given to report with."""
    (machine,) = (each for each in stack.machines() if session in each["label"])
    token: str = next(value for _, value in machine["env"] if value.startswith("ga_"))
    return token


def _run(schemathesis: Path, examples: int, stack: Stack, each: Pass, folder: Path) -> int:
    settings = folder / "schemathesis.toml"
    names = ("path.id", "path.consumer") if each.known else ()
    settings.write_text("[parameters]\n" + "".join(f'"{name}" = "{each.known}"\n' for name in names))
    command = [
        str(schemathesis.absolute()), "--config-file", str(settings), "run", f"{stack.url}/openapi.json",
        "--url", stack.url, "--header", f"Authorization: Bearer {each.key}", "--include-path-regex", each.include,
        "--phases", "examples,coverage,fuzzing", "--max-examples", str(examples), "--checks", CHECKS,
        "--continue-on-failure", "--suppress-health-check", "all", "--generation-deterministic",
        "--request-timeout", "60", "--warnings", "off", "--no-color",
    ]  # fmt: skip
    return subprocess.run(command, cwd=folder, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
