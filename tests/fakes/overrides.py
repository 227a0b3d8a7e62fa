"""Overrides in memory, with a switch that makes them unreadable."""

from chalicelib.domain.errors import StoreDown
from chalicelib.domain.instant import Instant


class MemoryOverrides:
    """`Overrides`."""

    def __init__(self) -> None:
        self.kept: dict[str, Instant] = {}
        self.down = False

    def lengthen(self, session_id: str, until: Instant) -> None:
        if self.down:
            raise StoreDown("the overrides are out of reach")
        self.kept[session_id] = until

    def until(self, session_id: str) -> Instant | None:
        if self.down:
            raise StoreDown("the overrides are out of reach")
        return self.kept.get(session_id)
