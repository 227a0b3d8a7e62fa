"""The whole local stack as its user starts it, in a process of its own, and the fake markets' own books."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from local.backends import PROVIDER_KEYS, ROOT
from local.children import HOST, free_ports

KEY = "key-of-a-stack-nobody-else-uses"
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGb+qZUJz5etllHAbNCc3Tzh1a3k12I43qSzWNoarnPb"
MARKETS = ("vastai", "tensordock")
READY_SECONDS = 60
NOT_FROM_DOTENV = (*PROVIDER_KEYS, "AWS_ENDPOINT_URL_DYNAMODB")
"""Empty, so that no .env can make this stack rent real machines, or use a real table."""


class Stack:
    """`start`, `kill` (SIGKILL for every process of it at once) and `stop` (SIGTERM, as Ctrl-C would)."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self.folder = folder
        (self.port,) = free_ports(1)
        self.url = f"http://{HOST}:{self.port}"
        inherited = {
            k: v for k, v in os.environ.items() if not k.startswith(("SHOPPER_", "VASTAI_", "TENSORDOCK_", "AWS_"))
        }
        self._environ = inherited | {
            **dict.fromkeys(NOT_FROM_DOTENV, ""),
            "PORT": str(self.port),
            "SHOPPER_DATA_DIR": str(folder),
            "SHOPPER_OPERATOR_KEY": KEY,
            "SHOPPER_TICK_SECONDS": "2",
            **environ,
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {KEY}"

    def start(self, wait: bool = True) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "stack.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "local", "--tied-to", str(os.getpid())],
                cwd=ROOT,
                env=self._environ,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if wait:
            wait_until(lambda: self.get("/health")["status"] in ("ok", "degraded"), READY_SECONDS, "the stack is up")

    def kill(self) -> None:
        """The plug is pulled: the supervisor dies by SIGKILL, and takes everything with it."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        wait_until(lambda: not self._listening(), 10, "the port is free again")

    def stop(self) -> int:
        if self._process is None or self._process.poll() is not None:
            return 0
        self._process.terminate()
        return self._process.wait(30)

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        return self._answer(self._session.get(self.url + path, params=params, timeout=10))

    def post(self, path: str, body: dict[str, Any] | None = None, **headers: str) -> dict[str, Any]:
        return self._answer(self._session.post(self.url + path, json=body, headers=headers, timeout=10))

    def delete(self, path: str) -> dict[str, Any]:
        return self._answer(self._session.delete(self.url + path, timeout=10))

    def sessions(self) -> list[dict[str, Any]]:
        found, cursor = [], None
        while True:
            page = self.get("/sessions", limit=100, **({"cursor": cursor} if cursor else {}))
            found += page["sessions"]
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    def market(self, name: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """The fake market's own view, which no answer of the service can colour; with a body, its switches."""
        env = json.loads((self.folder / "endpoints.json").read_text())["env"]
        url = env[f"{name.upper()}_API_URL"] + "/_sim" + path
        answer = self._session.get(url, timeout=10) if body is None else self._session.post(url, json=body, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def machines(self) -> list[dict[str, Any]]:
        return [m for name in MARKETS for m in self.market(name, "/machines")["machines"]]

    def _answer(self, answer: requests.Response) -> dict[str, Any]:
        answer.raise_for_status()
        body: dict[str, Any] = answer.json()
        return body

    def _listening(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((HOST, self.port)) == 0


class TooLate(AssertionError):
    """What was waited for did not come."""


def wait_until(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Real processes need real time: poll until it holds. Raises TooLate, saying what did not."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except (requests.RequestException, KeyError, OSError, ValueError):
            pass
        if time.monotonic() > deadline:
            raise TooLate(f"not within {seconds:g} s: {what}")
        time.sleep(0.1)
