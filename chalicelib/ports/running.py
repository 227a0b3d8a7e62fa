"""What every piece of work needs of the machine it runs on: time, randomness, secrets, metrics."""

from typing import Protocol

import msgspec

from chalicelib.domain.instant import Instant


class Clock(Protocol):
    def now(self) -> Instant: ...

    def sleep(self, seconds: float) -> None:
        """Wait: the rate gate, for at most `rate_wait_max_seconds`, and whoever holds an id that must be stored."""


class Ids(Protocol):
    """Randomness, handed in."""

    def entropy(self, size: int) -> bytes: ...


class Metrics(Protocol):
    """Numbers that alarms outside the code watch. One that is missing is itself the alarm."""

    def count(self, name: str, value: int, **dimensions: str) -> None: ...


class Secrets(msgspec.Struct, frozen=True, kw_only=True):
    """What the deployment alone knows. Never logged, never in an answer."""

    signing_keys: tuple[bytes, ...]
    """The first one signs; all of them verify."""
    pepper: bytes

    def __repr__(self) -> str:
        return "Secrets(…)"
