"""What the work asks of a GPU market, and of the machines rented there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.billing import Billing
    from chalicelib.domain.instance import Absent, Instance, Listing
    from chalicelib.domain.instant import Instant
    from chalicelib.domain.invoice import Charge
    from chalicelib.domain.lease import Lease
    from chalicelib.domain.money import Micros
    from chalicelib.domain.offer import Offer

CallKind = Literal["create", "destroy", "read", "search"]


class RateGate(Protocol):
    """One pace per provider, shared by every process that talks to it."""

    def pass_through(self, provider: str, kind: CallKind, *, going_on: bool = False) -> None:
        """Return when the call may be made now; raises ProviderBusy when that would take too long.

        `going_on`: the call is a further part of something begun, all of which would be lost: it waits longer.
        A destroy never waits for other kinds. Destroys and reads pass even when the shared state cannot be reached.
        The launcher takes the `create` slot itself, before it writes its intent: adapters must not take it again.
        """


class LaunchOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one create call needs."""

    tag: str
    offer: Offer
    disk_gb: int
    ssh_public_key: str
    image: str | None = None
    env: dict[str, str] = {}
    onstart: str | None = None
    """The consumer's script; the adapter carries it as a file of its own."""
    ports: tuple[int, ...] = ()
    bid_per_hour: float | None = None
    """USD for spot offers, whole offer; None on demand."""
    agent: Lease | None = None
    """What the agent on the machine is told; the adapter arms it before anything else runs there."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """The provider's clear yes to a create."""

    instance_id: str


class Provider(Protocol):
    """One GPU market. Every method may raise ProviderAuth, ProviderBusy or ProviderDown."""

    name: str
    default_image: str
    billing: Billing

    def search(self, *, spot: bool) -> list[Offer]:
        """Every offer of the on-demand (or interruptible) market, priced by rates, no id twice."""

    def quote(self, offer: Offer) -> Offer:
        """The very same offer as it stands now. Raises OfferGone."""

    def create(self, order: LaunchOrder) -> Receipt:
        """Send exactly one create call, never repeated by any layer.

        Raises OfferGone, LaunchRefused, ProviderAuth or ProviderBusy (nothing was created), ProviderDown (the call
        surely never left us), LaunchUncertain (anything else, with the id where one was given).
        """

    def attach_key(self, instance_id: str, public_key: str) -> None:
        """Install the consumer's SSH key on a machine where the create could not; safe to repeat."""

    def get(self, instance_id: str) -> Instance | Absent:
        """One machine, or the provider's word that it does not exist; any doubt raises."""

    def list(self) -> Listing:
        """Every machine on the account, complete by construction. Raises ListIncomplete."""

    def destroy(self, instance_id: str) -> None:
        """Ask once (one transport retry) to destroy it; returns when accepted or already gone. Proves nothing."""

    def balance(self) -> Micros | None:
        """Spendable credit in micro-dollars, None where the market does not tell."""

    def charges(self, since: Instant, until: Instant) -> Sequence[Charge] | None:
        """The market's own invoice for that time, whole; None where the market has none."""


class SshProbe(Protocol):
    def answers(self, host: str, port: int, *, near: bool = False) -> bool:
        """Does an SSH banner come back from there within a few seconds? Addresses that are not on the open internet are
        only called for a machine of a market that is `near`."""
