"""Keeps a market's state in one file, so that it survives `kill -9`."""

import os
from pathlib import Path
from typing import TypeVar

import msgspec

T = TypeVar("T")


class StateFile:
    """Written beside and renamed over: a reader sees the old state or the new one, never half of it.

    There is no fsync: the file outlives the process, not a power cut, and stays cheap enough to write on every change.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._beside = path.with_name(path.name + ".new")

    def load(self, kind: type[T]) -> T | None:
        """None when there is no file yet; raises msgspec.ValidationError for a file of another make."""
        try:
            text = self._path.read_bytes()
        except FileNotFoundError:
            return None
        return msgspec.json.decode(text, type=kind)

    def save(self, state: object) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(state))
        os.replace(self._beside, self._path)
