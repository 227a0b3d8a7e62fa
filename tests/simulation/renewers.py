"""Callers that rent with a lease: they renew it for a while, late or never, and then they die.

Only in every fourth seed, and with dice of their own, so that no other seed is another world for them.
"""

from collections.abc import Callable, Mapping
from random import Random
from typing import TYPE_CHECKING

import msgspec

from chalicelib.domain.instant import HOUR, Instant, Millis
from chalicelib.domain.session import Order, Session
from chalicelib.usecases import lifecycle
from tests.simulation.faults import MINUTE
from tests.simulation.machine import NEVER

if TYPE_CHECKING:
    from tests.simulation.callers import Callers

LENGTHS = (10, 15, 30, 60, 120)
FATES = ("faithful", "dies", "dies", "late", "never")


def among(seed: int) -> bool:
    return seed % 4 == 3


class Renewers:
    """Half of the callers of one world."""

    def __init__(self, seed: int, callers: "Callers", rows: Mapping[str, Session]) -> None:
        self.chance = Random(f"leases of {seed}")
        self.callers = callers
        self.rows = rows
        self.leases = 0
        self.renewals = 0

    def leased(self, key: str, order: Order, hours: float) -> Order:
        """The order with a lease, or as it was; its renewals are on the agenda then."""
        chance = self.chance
        minutes, fate = chance.choice(LENGTHS), chance.choice(FATES)
        alive_for = round(chance.random() ** 2 * hours * HOUR)
        if chance.random() < 0.5:
            return order
        if self.callers.faults.calm:  # where nothing goes wrong everything must run first
            fate, alive_for = "faithful" if fate in ("late", "never") else fate, alive_for + HOUR
        self.leases += 1
        if fate != "never":
            dies_at = NEVER if fate == "faithful" else self.callers.kernel.time + alive_for
            pace = minutes * MINUTE // 3
            self._next(key, (lambda: round(pace * 4 * chance.random())) if fate == "late" else (lambda: pace), dies_at)
        return msgspec.structs.replace(order, lease_minutes=minutes)

    def _next(self, key: str, pause: Callable[[], Millis], dies_at: Instant) -> None:
        kernel = self.callers.kernel
        at = kernel.time + max(MINUTE, pause())
        if at < min(dies_at, kernel.time + 48 * HOUR):
            kernel.at(at, lambda: self._renew(key, pause, dies_at))

    def _renew(self, key: str, pause: Callable[[], Millis], dies_at: Instant) -> None:
        self._next(key, pause, dies_at)
        session_id = self.callers.opened.get(key)
        if session_id is None or self.rows[session_id].final:
            return

        def work() -> None:
            session = self.callers.ports.sessions.get(session_id)
            if session is not None:
                lifecycle.renew(self.callers.ports, session)
                self.renewals += 1

        self.callers.request("renew", work, tries=2, grants={"renew"})
