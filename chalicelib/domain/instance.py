"""What a provider says exists: one machine, and the list of all of them."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property

import msgspec

from chalicelib.domain.instant import Instant
from chalicelib.domain.money import Micros

SSH_PORT = 22


class Phase(StrEnum):
    """The provider's many words for a machine's condition, in ours. Every one of them is alive and may bill."""

    STARTING = "starting"  # it may still come up by itself
    RUNNING = "running"  # the provider calls it up; whether it can be used is another question
    REBOOTING = "rebooting"  # it was up, and comes up again by itself; its market bills it as if it were
    STOPPED = "stopped"  # down, still ours, still billed for its disk at least
    FROZEN = "frozen"  # down with its memory kept, which may be billed as if it were up
    FAILED = "failed"  # it will not come up
    OFFLINE = "offline"  # its own market cannot reach the host; it may come back
    UNKNOWN = "unknown"  # a word nobody told us: keep it, say so, never act on it alone

    @classmethod
    def _missing_(cls, value: object) -> "Phase":
        """A row written by a later version, with a phase that this one does not have, can still be read and ended."""
        return cls.UNKNOWN


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where SSH is said to answer."""

    host: str
    port: int
    user: str
    guessed: bool = False
    """The provider told no port: it is where SSH usually is, if the machine has an address of its own."""


class OpenPort(msgspec.Struct, frozen=True, kw_only=True):
    """A port of the machine, and where it is reached from outside."""

    port: int
    host: str
    external_port: int


class Instance(msgspec.Struct, frozen=True, kw_only=True):
    """One machine as its provider describes it. `None` where the provider says nothing."""

    provider: str
    id: str
    tag: str | None
    phase: Phase
    status: str
    """The provider's own word, for people."""
    message: str | None = None
    addresses: tuple[Address, ...] = ()
    """Best first: direct before proxied."""
    ports: tuple[OpenPort, ...] = ()
    """Each port at most once; whatever the market maps, asked for or not, SSH's own among them."""
    gpu: str | None = None
    gpu_count: int | None = None
    price_per_hour: Micros | None = None
    """What the running machine costs by the provider's own word, all-in."""
    spot: bool | None = None
    created_at: Instant | None = None


class Absent(msgspec.Struct, frozen=True, kw_only=True):
    """The provider, asked for one id with working credentials, said that there is no such machine."""

    instance_id: str


class Listing(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Every machine on the account: all pages, known shape, counts agree. An incomplete list is never a Listing."""

    provider: str
    taken_at: Instant
    """When the first page was asked for: the list says nothing about anything younger."""
    instances: tuple[Instance, ...]

    @cached_property
    def by_id(self) -> Mapping[str, Instance]:
        """Made once: every session of an account looks its machines up in the same list."""
        return {instance.id: instance for instance in self.instances}

    def tagged(self, tag: str) -> tuple[Instance, ...]:
        return tuple(instance for instance in self.instances if instance.tag == tag)

    def ids(self) -> frozenset[str]:
        return frozenset(instance.id for instance in self.instances)
