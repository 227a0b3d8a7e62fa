"""Compare what a provider lists with what the table promises: orphans, ghosts, and machines that changed."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from chalicelib.domain import tag as tags
from chalicelib.domain.attempt import Stage
from chalicelib.domain.instance import Instance, Listing, Phase
from chalicelib.domain.instant import Instant, seconds
from chalicelib.domain.policy import Policy
from chalicelib.domain.session import EndReason, Session, Status


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """How often in a row, and since when, something was seen (or missed) in complete lists."""

    lists: int
    since: Instant


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """What one provider's reconcile passes must remember from one to the next."""

    provider: str
    version: int = 0
    listed_at: Instant = 0
    strays: Mapping[str, Sighting] = {}
    """Machines of ours without a live session, by instance id."""
    missing: Mapping[str, Sighting] = {}
    """Sessions whose machine is not listed, by session id."""
    stopped: Mapping[str, Sighting] = {}
    """Running sessions whose machine is listed as down, by session id."""
    frozen: tuple[str, ...] = ()
    """Rules under the brake."""


class Orphan(msgspec.Struct, frozen=True, kw_only=True):
    """A machine with our verified tag that no live session accounts for."""

    instance: Instance
    session_id: str


class Doomed(msgspec.Struct, frozen=True, kw_only=True):
    """A live session that must end because of what became of its machine."""

    session: Session
    reason: EndReason
    detail: str


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """What one complete list amounts to. `memory` is for the next pass."""

    memory: Memory
    ours: int
    orphans: tuple[Orphan, ...]
    ghosts: tuple[Session, ...]
    """Missing for long enough; each still needs the provider's own word by GET, and may be vetoed by a heartbeat."""
    doomed: tuple[Doomed, ...]
    renamed: tuple[tuple[Session, Instance], ...]
    """Machines that no longer carry their session's tag. They are known by their ids and live on; but whatever goes by
    the tag alone, such as the janitor, does not see them."""
    unverified: tuple[Instance, ...]
    """Tags that name this deployment and do not verify: never touched, shown to a person."""


def compare(
    listing: Listing,
    live: Iterable[Session],
    memory: Memory,
    deployment: str,
    keys: Sequence[bytes],
    policy: Policy,
) -> Findings:
    """`live`: every session that is not final, read after the list was taken. They go by once, and none is kept that
    is as it should be: an account's sessions need not fit into the memory of a function, only its list."""
    readings = [(instance, tags.read(instance.tag, deployment, keys)) for instance in listing.instances]
    unverified = [instance for instance, reading in readings if isinstance(reading, tags.Unverified)]
    ours = [(instance, reading) for instance, reading in readings if isinstance(reading, tags.Ours)]
    tagged: dict[str, list[Instance]] = defaultdict(list)
    for instance, reading in ours:
        tagged[reading.session_id].append(instance)
    looked_after: set[str] = set()
    found = _examine(listing, _passing(live, tagged, looked_after), memory, policy)
    strays, orphans = {}, []
    for instance, reading in ours:
        if instance.id in looked_after:
            continue
        seen = strays[instance.id] = _again(memory.strays.get(instance.id), listing.taken_at)
        old = listing.taken_at - reading.created_at >= seconds(policy.orphan_grace_seconds)
        if old and seen.lists >= policy.orphan_lists:
            orphans.append(Orphan(instance=instance, session_id=reading.session_id))
    return Findings(
        memory=msgspec.structs.replace(
            memory, listed_at=listing.taken_at, strays=strays, missing=found.missing, stopped=found.stopped
        ),
        ours=len(ours),
        orphans=tuple(orphans),
        ghosts=tuple(found.ghosts),
        doomed=tuple(found.doomed),
        renamed=tuple(found.renamed),
        unverified=tuple(unverified),
    )


def braked(candidates: int, ours: int, policy: Policy) -> bool:
    """Too many at once to be true?"""
    return candidates > max(policy.brake_least, policy.brake_share * ours)


def accounted_for(instance: Instance, session: Session | None) -> bool:
    """Does a live session look after this very machine, or may it still adopt it?"""
    attempt = session.attempt if session is not None and not session.final else None
    if session is None or attempt is None or attempt.stage is Stage.CLOSED:
        return False
    if instance.provider != attempt.offer.provider:  # of an earlier attempt, however late it turned up
        return False
    if attempt.stage in (Stage.CALLING, Stage.UNCERTAIN, Stage.ENDING):
        return instance.id in attempt.instance_ids or instance.id not in session.earlier_ids
    return instance.id in attempt.instance_ids[:1]


def _passing(
    live: Iterable[Session], tagged: Mapping[str, Sequence[Instance]], looked_after: set[str]
) -> Iterator[Session]:
    """The same sessions; the machines that they account for go into `looked_after`."""
    for session in live:
        looked_after.update(one.id for one in tagged.get(session.id, ()) if accounted_for(one, session))
        yield session


class _Examined(msgspec.Struct):
    """What became of the machines of the sessions that run there."""

    missing: dict[str, Sighting] = msgspec.field(default_factory=dict)
    stopped: dict[str, Sighting] = msgspec.field(default_factory=dict)
    ghosts: list[Session] = msgspec.field(default_factory=list)
    doomed: list[Doomed] = msgspec.field(default_factory=list)
    renamed: list[tuple[Session, Instance]] = msgspec.field(default_factory=list)


def _examine(listing: Listing, sessions: Iterable[Session], memory: Memory, policy: Policy) -> _Examined:
    grace = seconds(policy.ghost_grace_seconds)
    found = _Examined()
    for session in sessions:
        attempt = session.attempt
        if session.status is not Status.RUNNING or attempt is None or attempt.offer.provider != listing.provider:
            continue
        instance = listing.by_id.get(attempt.instance_id or "")
        if instance is None:
            seen = found.missing[session.id] = _again(memory.missing.get(session.id), listing.taken_at)
            if seen.lists >= policy.ghost_lists and _silent_since(session, seen) + grace <= listing.taken_at:
                found.ghosts.append(session)
            continue
        if instance.tag != session.tag:
            found.renamed.append((session, instance))
        if instance.phase in (Phase.STOPPED, Phase.FROZEN, Phase.FAILED):
            seen = found.stopped[session.id] = _again(memory.stopped.get(session.id), listing.taken_at)
            if seen.lists >= policy.stopped_lists:
                reason = EndReason.SPOT_LOST if attempt.offer.spot else EndReason.LOST
                found.doomed.append(
                    Doomed(session=session, reason=reason, detail=f"the provider says {instance.status}")
                )
            continue
        changed = _changed(session, instance)
        if changed is not None:
            found.doomed.append(Doomed(session=session, reason=EndReason.LOST, detail=changed))
    return found


def _changed(session: Session, instance: Instance) -> str | None:
    """Is this still what was rented? The tag is not asked: the id is enough."""
    offer = session.attempt.offer if session.attempt else session.wanted
    if instance.gpu is not None and instance.gpu != offer.gpu:
        return f"rented {offer.gpu}, the provider now says {instance.gpu}"
    if instance.gpu_count is not None and instance.gpu_count != offer.gpu_count:
        return f"rented {offer.gpu_count} GPUs, the provider now says {instance.gpu_count}"
    agreed = session.agreed_per_hour
    if instance.price_per_hour is not None and instance.price_per_hour > agreed:
        return f"the price rose to ${instance.price_per_hour / 1e6:.4f}/h, agreed was ${agreed / 1e6:.4f}/h"
    return None


def _silent_since(session: Session, seen: Sighting) -> Instant:
    """The last sign of life: a list that still had it, its start, or a heartbeat, which vetoes."""
    return max(seen.since, session.running_at or 0, session.last_heartbeat_at or 0)


def _again(before: Sighting | None, at: Instant) -> Sighting:
    return Sighting(lists=before.lists + 1, since=before.since) if before else Sighting(lists=1, since=at)
