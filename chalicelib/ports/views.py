"""What is remembered of the markets between two looks: offers, health, rates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.domain.admission import ProviderState
    from chalicelib.domain.diff import Memory
    from chalicelib.domain.instant import Instant
    from chalicelib.domain.offer import Offer
    from chalicelib.domain.trend import Observation
    from chalicelib.domain.turn import Turn
    from chalicelib.ports.markets import CallKind


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A market's offers as last seen, and how the last look went."""

    provider: str
    offers: tuple[Offer, ...] = ()
    fetched_at: Instant | None = None
    """When the offers were read; None before the first success."""
    tried_at: Instant
    error: str | None = None
    """Why the last look failed; None when it did not."""
    limited: bool = False
    """The market rate-limited us."""


class SnapshotHead(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot without its offers: one small read tells whether the warm copy still holds."""

    provider: str
    revision: str
    count: int
    fetched_at: Instant | None
    tried_at: Instant
    error: str | None
    limited: bool


class Inventory(Protocol):
    def put(self, snapshot: Snapshot) -> None:
        """Replace the provider's snapshot as a whole: a reader sees the old or the new one, never a mix."""

    def mark_failed(self, provider: str, tried_at: Instant, error: str, limited: bool) -> None:
        """Note a failed look; the offers and their age stay."""

    def claim(self, provider: str, at: Instant, until: Instant) -> bool:
        """Be the only one to look at this market; False while another claim stands, whose `until` is after `at`."""

    def release(self, provider: str, until: Instant) -> None:
        """The look is over: give back the claim that ran to `until`, if it still stands."""

    def head(self, provider: str) -> SnapshotHead | None: ...

    def get(self, provider: str) -> Snapshot | None: ...

    def asked(self, at: Instant) -> None:
        """Somebody read the inventory."""

    def last_asked(self) -> Instant | None: ...


class Prices(Protocol):
    """What cards cost, an hour at a time, for as long as the policy keeps it."""

    def record(self, observation: Observation) -> None:
        """Another one of the same market and hour takes its place."""

    def since(self, provider: str, hour: Instant) -> list[Observation]:
        """From the hour that begins at `hour` on, oldest first."""


class Health(Protocol):
    def provider(self, name: str) -> ProviderState: ...

    def save_provider(self, state: ProviderState) -> ProviderState:
        """On condition of its version. Raises Stale."""

    def memory(self, provider: str) -> Memory:
        """What the last reconcile pass left; an empty one at first."""

    def save_memory(self, memory: Memory) -> Memory:
        """On condition of its version. Raises Stale: an overlapping pass was faster, this one must change nothing."""

    def sweep_done(self, name: str, at: Instant) -> None: ...

    def sweeps(self) -> Mapping[str, Instant]: ...

    def turn(self, name: str) -> Turn | None:
        """What a run of this sweep that was out of time left behind; None when the last round was ended."""

    def save_turn(self, name: str, turn: Turn | None) -> None: ...


class RateRows(Protocol):
    def reserve(
        self,
        provider: str,
        kind: CallKind,
        now: Instant,
        spacing_ms: int,
        burst: int,
        latest: Instant | None = None,
    ) -> Instant:
        """Take the next slot of this lane, spaced `spacing_ms` after up to `burst` at once; returns when it is.

        A slot after `latest` (one right now never is) is told, not taken: who gives up must not push back the next.
        Lanes of one provider are independent; a destroy's slot also pushes the provider's other lanes back.
        """
