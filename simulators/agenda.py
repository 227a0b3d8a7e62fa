"""What will happen by itself, and when: boots, settling stops, late creates, planned mishaps."""

from typing import Any

import msgspec


class Event(msgspec.Struct):
    """`epoch` is the machine's at planning time: one that has moved on since ignores the event."""

    at: float
    seq: int
    kind: str
    machine: str = ""
    epoch: int = 0
    args: dict[str, Any] = {}


class Agenda(msgspec.Struct):
    """Events by time, then by the order in which they were planned."""

    seq: int = 0
    events: list[Event] = []

    def plan(self, at: float, kind: str, machine: str = "", epoch: int = 0, **args: Any) -> None:
        self.seq += 1
        self.events.append(Event(at=at, seq=self.seq, kind=kind, machine=machine, epoch=epoch, args=args))
        self.events.sort(key=_order)

    def next_at(self) -> float | None:
        return self.events[0].at if self.events else None

    def pop_due(self, now: float) -> Event | None:
        """The earliest event that is due, removed; None when nothing is."""
        if self.events and self.events[0].at <= now:
            return self.events.pop(0)
        return None


def _order(event: Event) -> tuple[float, int]:
    return event.at, event.seq
