"""The data directory: private, held by one process at a time, and the note of where the local cloud listens."""

import fcntl
import os
import time
from pathlib import Path
from typing import IO

import msgspec

HOLDER = "holder"
NOTE = "endpoints.json"


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What `endpoints.json` says. It holds nothing but what the local cloud chose itself: no key of a real market."""

    env: dict[str, str]
    """The environment under which the service finds the local cloud."""
    simulated: bool


class DataDir:
    """Everything local that outlives a process lies in here."""

    def __init__(self, path: str) -> None:
        self.path = Path(path).resolve()
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._held: IO[str] | None = None

    @property
    def logs(self) -> Path:
        logs = self.path / "logs"
        logs.mkdir(mode=0o700, exist_ok=True)
        return logs

    def hold(self, seconds: float) -> bool:
        """Become the only holder until this process ends; False when another one kept it for all these seconds."""
        held = (self.path / HOLDER).open("a+")
        deadline = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    held.close()
                    return False
                time.sleep(0.1)
                continue
            held.truncate(0)
            held.write(str(os.getpid()))
            held.flush()
            self._held = held
            self.forget()
            return True

    def holder(self) -> str:
        """The process id of whoever held it last."""
        return (self.path / HOLDER).read_text().strip()

    def note(self, note: Note) -> None:
        """Leave the note, as a whole or not at all."""
        draft = self.path / f"{NOTE}.new"
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(note), indent=1))
        draft.replace(self.path / NOTE)

    def read_note(self) -> Note | None:
        try:
            return msgspec.json.decode((self.path / NOTE).read_bytes(), type=Note)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def forget(self) -> None:
        """Nobody listens any more."""
        (self.path / NOTE).unlink(missing_ok=True)
