"""One implementation of the `Provider` port, held by the hands that a contract test needs."""

from typing import Protocol

from chalicelib.domain import tag as tags
from chalicelib.domain.offer import Offer, price_per_hour
from chalicelib.ports import Clock, LaunchOrder, Provider

PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"


class Market(Protocol):
    """One implementation, and the hands that hold the market behind it."""

    @property
    def provider(self) -> Provider: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def unknown_id(self) -> str:
        """An id of the right form that no machine has."""

    def let_boot(self, instance_id: str) -> None:
        """Let the time pass that a healthy machine takes to come up."""

    def let_die(self) -> None:
        """Let the time pass that an accepted destroy takes."""

    def withdraw(self, offer: Offer) -> None:
        """Somebody else rented it."""

    def rent_by_hand(self, tag: str) -> str:
        """A machine made in the market's own console; returns its id."""

    def break_credentials(self) -> None:
        """Every call that needs a key is refused for its sake, from now on."""

    def break_list(self) -> None:
        """The list of machines cannot be read whole from now on, while all else works."""

    def break_down(self) -> None:
        """Every call is answered by a server error from now on."""

    def limit(self) -> None:
        """Every call is refused as one too many from now on."""

    def lose_next_create(self) -> None:
        """The next create makes its machine, but its answer never arrives."""

    def repair(self) -> None:
        """All of the above is over."""


def an_offer(market: Market, avoid: str | None = None) -> Offer:
    """The cheapest one."""
    offers = [offer for offer in market.provider.search(spot=False) if offer.id != avoid]
    return min(offers, key=lambda offer: (price_per_hour(offer, 40), offer.id))


def an_order(market: Market, avoid: str | None = None) -> LaunchOrder:
    """What the service sends, with a tag that verifies."""
    tag = tags.of(tags.mint("local", market.clock.now(), b"0123456789", b"signing key"))
    return LaunchOrder(
        tag=tag,
        offer=an_offer(market, avoid),
        disk_gb=40,
        ssh_public_key=PUBLIC_KEY,
        env={"GREETING": "it's $HOME"},
        onstart="#!/bin/sh\necho ready\n",
        ports=(8080,),
    )
