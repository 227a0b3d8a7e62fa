"""One try at one offer: from the written intent to create, to the proof that nothing of it is left.

    CALLING ──► BOOTING ──► ENDING ──► CLOSED
       ├──► UNCERTAIN ──┘      ▲
       └───────────────────────┘

The next attempt of a session may begin only when this one is CLOSED, and it is closed by proof alone.
"""

from enum import StrEnum

import msgspec

from chalicelib.domain.billing import Billing, Folded, Reading
from chalicelib.domain.errors import ShopperError
from chalicelib.domain.instance import Absent, Listing
from chalicelib.domain.instant import Instant, Millis
from chalicelib.domain.money import Micros
from chalicelib.domain.offer import Offer
from chalicelib.domain.tag import PREFIX

LAUNCHING = "launching"
"""The outcome of an attempt before anybody has told how its create call ended."""


class Stage(StrEnum):
    CALLING = "calling"  # the create call is about to be made, or in flight, or its caller died
    UNCERTAIN = "uncertain"  # the call ended without a clear answer: a machine may exist
    BOOTING = "booting"  # the machine exists and we know its id
    ENDING = "ending"  # it must go: destroy, look, prove
    CLOSED = "closed"  # proven absent, or the call was never made


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """One look that found nothing: every known id Absent, and a complete list without id and tag."""

    at: Instant
    """When the look began; it says nothing about anything younger."""
    instance_ids: tuple[str, ...]
    machines_listed: int
    """How many machines the complete list held: none of them ours."""


class AbsenceProof(msgspec.Struct, frozen=True, kw_only=True):
    """Two such looks, far enough apart. `prove` is the only place that makes one."""

    provider: str
    tag: str
    instance_ids: tuple[str, ...]
    looks: tuple[Look, Look]


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """`instance_ids`: every machine known to carry our tag in this attempt, main one first; never cleared."""

    offer: Offer
    disk_gb: int
    agreed_per_hour: Micros | None = None
    """The most this machine may cost: its own offer as listed, and what is tolerated above. None in older rows: then
    what the session holds."""
    billing: Billing = Billing()
    """The market's rule when the create was sent: the bill can then be worked out without asking anybody."""
    readings: tuple[Reading, ...] = ()
    """What was seen of the machines, oldest first; not for ever, see `folding`."""
    folded: tuple[Folded, ...] = ()
    """What the machines named there have cost before the first of their readings."""
    stage: Stage
    called_at: Instant | None
    """When the intent to create was written; None while no create call was made."""
    answered: bool = False
    """The provider's answer to the create was clear (created, or refused): nothing can turn up late."""
    appeared: bool = False
    """A read has shown the main machine: from then on its absence means something."""
    key_attached: bool = False
    instance_ids: tuple[str, ...] = ()
    outcome: str = LAUNCHING
    detail: str | None = None
    at: Instant
    """When `outcome` was written."""
    deadline_at: Instant
    ending_since: Instant | None = None
    destroy_calls: int = 0
    destroy_called_at: Instant | None = None
    destroy_due_at: Instant | None = None
    """Not before this is a further destroy sent."""
    destroy_error: str | None = None
    lists_without: int = 0
    """Complete lists without the tag since the create was called: counted while the answer is unclear."""
    look: Look | None = None
    """The last look that found nothing; None again as soon as one finds something."""
    doubt: str | None = None
    """What the last look found instead, while it must go."""
    proof: AbsenceProof | None = None

    @property
    def instance_id(self) -> str | None:
        return self.instance_ids[0] if self.instance_ids else None

    def ended(self, at: Instant, outcome: str | None = None, detail: str | None = None) -> "Attempt":
        """It must go, from now on. An attempt already ending keeps its own history."""
        if self.stage in (Stage.ENDING, Stage.CLOSED):
            return self
        return msgspec.structs.replace(
            self,
            stage=Stage.ENDING,
            ending_since=at,
            destroy_calls=0,  # what was asked of a twin before must not put off the first destroy of them all
            destroy_due_at=None,
            look=None,
            outcome=outcome or self.outcome,
            detail=detail or self.detail,
            at=at if outcome else self.at,
        )

    def unclear(self, at: Instant) -> "Attempt":
        """Its caller is gone, and nobody has told how the create ended."""
        return msgspec.structs.replace(self, outcome="uncertain", detail="the create's answer was lost", at=at)

    def knows(self, *instance_ids: str) -> "Attempt":
        """Remember further machines of this attempt; order and earlier ids stay."""
        new = tuple(i for i in dict.fromkeys(instance_ids) if i not in self.instance_ids)
        return msgspec.structs.replace(self, instance_ids=self.instance_ids + new) if new else self


class NotProven(ShopperError):
    """The evidence does not amount to absence yet; the message says what is missing."""


def look(at: Instant, tag: str, ids: tuple[str, ...], absents: tuple[Absent, ...], listing: Listing) -> Look:
    """Put one look together. Raises NotProven if the evidence shows a machine, or does not cover every id."""
    if listing.taken_at < at:
        raise NotProven("the list is older than the look")
    if {absent.instance_id for absent in absents} != set(ids):
        raise NotProven("not every known machine was asked for")
    if listing.tagged(tag) or listing.ids() & set(ids):
        raise NotProven("a machine is still listed")
    return Look(at=at, instance_ids=ids, machines_listed=len(listing.instances))


def prove(provider: str, tag: str, first: Look, second: Look, spacing: Millis) -> AbsenceProof:
    """Two looks at least `spacing` apart, the later one over every machine known, make the proof."""
    if not tag.startswith(PREFIX):
        raise NotProven("not a tag of ours")
    if second.at - first.at < spacing:
        raise NotProven("the two looks are too close together")
    if set(first.instance_ids) != set(second.instance_ids):
        raise NotProven("the looks are of different machines")
    return AbsenceProof(provider=provider, tag=tag, instance_ids=second.instance_ids, looks=(first, second))
