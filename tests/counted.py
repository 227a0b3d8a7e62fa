"""Collections of a store that count what they are asked."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from chalicelib.ports import Ports

_COUNTED = ("sessions", "access", "ledger", "inventory", "health", "alerts", "wakeups")


class Counted:
    """One of them; its calls are counted as `collection.method`."""

    def __init__(self, name: str, collection: object, calls: Counter[str]) -> None:
        self._name, self._collection, self._calls = name, collection, calls

    def __getattr__(self, method: str) -> Callable[..., object]:
        self._calls[f"{self._name}.{method}"] += 1
        found: Callable[..., object] = getattr(self._collection, method)
        return found


def counted(ports: Ports) -> tuple[Ports, Counter[str]]:
    """The same ports, and what is asked of them from now on."""
    calls: Counter[str] = Counter()
    stand_ins: dict[str, Any] = {name: Counted(name, getattr(ports, name), calls) for name in _COUNTED}
    return replace(ports, **stand_ins), calls
