"""The mistakes themselves, as patches of the service: see `bugs` for what each of them is."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from chalicelib.domain import diff, limit
from chalicelib.domain import session as rules
from chalicelib.domain import tag as tags
from chalicelib.domain.attempt import AbsenceProof, Attempt, Look, Stage, look
from chalicelib.domain.errors import ProviderError
from chalicelib.domain.instance import Absent, Instance, Listing
from chalicelib.domain.instant import Instant, hours
from chalicelib.domain.session import NeverLaunched, Session, Status
from chalicelib.ports import Ports
from chalicelib.sweeps import alert, expire, janitor
from chalicelib.usecases import booting, creating, ending, failing, keeping, launching, lifecycle, reconciling
from chalicelib.usecases.observing import listing, provider_named
from tests.simulation import world
from tests.simulation.twisted import Careless, Hasty, Retrying, StoppedIsGone, Twisted

Patches = list[tuple[object, str, Any]]
"""(module, name, what stands there instead)."""

_read, _look, _keep, _fail = tags.read, look, keeping.keep, failing.fail
_ending_advance, _booting_advance = ending.advance, booting.advance
_leased = limit.leased
_listing, _destroy_due = listing, ending._destroy_due


def twist(kind: type[Twisted], *modules: object) -> Patches:
    return [(module, "provider_named", lambda ports, name: kind(provider_named(ports, name))) for module in modules]


def create_retried() -> Patches:
    return twist(Retrying, creating)


def lost_is_refused() -> Patches:
    return twist(Hasty, creating)


def any_error_is_absent() -> Patches:
    return twist(Careless, ending, booting, reconciling)


def stopped_is_gone() -> Patches:
    seen = lambda ports, name: StoppedIsGone(ports.providers[name]).list()  # noqa: E731
    return [*twist(StoppedIsGone, ending), (ending, "listing", seen)]


def listings(change: Callable[[Ports, str], Listing], *modules: object) -> Patches:
    return [(module, "listing", change) for module in modules]


def numbers(**changes: float) -> Callable[[], Patches]:
    """The policy with other numbers."""

    def patches() -> Patches:
        policy = msgspec.structs.replace(world.SETTINGS.policy, **changes)
        return [(world, "SETTINGS", msgspec.structs.replace(world.SETTINGS, policy=policy))]

    return patches


def any_deployment() -> Patches:
    def read(tag: str | None, deployment: str, keys: Sequence[bytes]) -> tags.Reading:
        found = _read(tag, (tag or "").split("-")[1] if (tag or "").count("-") > 1 else deployment, keys)
        return tags.Ours(found.session_id, found.created_at) if not isinstance(found, tags.Foreign) else found

    return [(tags, "read", read)]


def unverified_is_ours() -> Patches:
    def read(tag: str | None, deployment: str, keys: Sequence[bytes]) -> tags.Reading:
        found = _read(tag, deployment, keys)
        return tags.Ours(found.session_id, found.created_at) if isinstance(found, tags.Unverified) else found

    return [(tags, "read", read)]


def _false_proof(session: Session, attempt: Attempt, at: Instant) -> AbsenceProof:
    look = Look(at=at, instance_ids=attempt.instance_ids, machines_listed=0)
    return AbsenceProof(
        provider=attempt.offer.provider, tag=session.tag, instance_ids=attempt.instance_ids, looks=(look, look)
    )


def ends_without_proof(when: Callable[[Attempt, Instant], bool]) -> Patches:
    def advance(ports: Ports, session: Session) -> None:
        now = ports.clock.now()
        attempt = session.attempt
        if session.status is Status.TERMINATING and attempt is not None and attempt.called_at and when(attempt, now):
            keeping.keep(ports, session, *rules.finish(session, _false_proof(session, attempt, now), now))
        else:
            _ending_advance(ports, session)

    return [(ending, "advance", advance)]


def no_adoption() -> Patches:
    def seen(ports: Ports, name: str) -> Listing:
        return msgspec.structs.replace(_listing(ports, name), instances=())

    return listings(seen, launching, ending)


def list_error_is_empty() -> Patches:
    def seen(ports: Ports, name: str) -> Listing:
        try:
            return _listing(ports, name)
        except ProviderError:
            return Listing(provider=name, taken_at=ports.clock.now(), instances=())

    return listings(seen, launching, ending, booting, reconciling)


def gives_up() -> Patches:
    def due(attempt: Attempt, *rest: Any) -> bool:
        return attempt.destroy_calls < 5 and _destroy_due(attempt, *rest)

    return [(ending, "_destroy_due", due)]


def ghost_at_once() -> Patches:
    def end(ports: Ports, name: str, session: Session) -> None:
        reconciling._end(ports, session, rules.EndReason.LOST, "not listed")

    return [*numbers(ghost_lists=1, ghost_grace_seconds=0.0)(), (reconciling, "_end_ghost", end)]


def orphan_by_id() -> Patches:
    def known(instance: Instance, session: Session | None) -> bool:
        attempt = session.attempt if session is not None else None
        return attempt is not None and instance.id in attempt.instance_ids

    return [(diff, "accounted_for", known), (reconciling, "accounted_for", known)]


def polling_prolongs() -> Patches:
    def advance(ports: Ports, session: Session, attempt: Attempt) -> None:
        later = msgspec.structs.replace(attempt, deadline_at=attempt.deadline_at + 60_000)
        _booting_advance(ports, failing.with_attempt(session, later), later)

    return [(booting, "advance", advance)]


def proof_by_list_alone() -> Patches:
    def look(at: Instant, tag: str, ids: tuple[str, ...], absents: object, listing: Listing) -> Look:
        return _look(at, tag, ids, tuple(Absent(instance_id=one) for one in ids), listing)

    return [(ending, "look", look)]


def proof_by_get_alone() -> Patches:
    def unseen(ports: Ports, name: str) -> Listing:
        return msgspec.structs.replace(_listing(ports, name), instances=())

    return listings(unseen, ending)


def forgets_the_id() -> Patches:
    def keep(ports: Ports, before: Session, after: Session, event: Any = None) -> Session:
        attempt = after.attempt
        if attempt is not None and attempt.destroy_calls >= 4:
            after = failing.with_attempt(after, msgspec.structs.replace(attempt, instance_ids=()))
        return _keep(ports, before, after, event)

    return [(ending, "keep", keep)]


def event_lost() -> Patches:
    def keep(ports: Ports, before: Session, after: Session, event: Any = None) -> Session:
        return _keep(ports, before, after)

    return [(lifecycle, "keep", keep)]


def extends_for_ever() -> Patches:
    def extend(ports: Ports, session: Session, length: float, override: bool, actor: str) -> Session:
        return ports.sessions.save(
            session, msgspec.structs.replace(session, expires_at=session.expires_at + hours(length))
        )

    return [(lifecycle, "extend", extend)]


def nothing_expires() -> Patches:
    return [(expire, "run", lambda ports: None), (lifecycle, "overdue", lambda session, now: None)]


def lease_never_looked_at() -> Patches:
    return [(Session, "ends_at", property(lambda session: min(session.expires_at, session.hard_max_at)))]


def renewed_beyond_the_end() -> Patches:
    def leased(session: Session, now: Instant) -> Session:
        renewed = _leased(session, now)
        until = max(session.expires_at, renewed.lease_expires_at or 0)
        return msgspec.structs.replace(renewed, expires_at=until)

    return [(limit, "leased", leased)]


def closed_by_failing() -> Patches:
    def fail(ports: Ports, session: Session, attempt: Attempt) -> None:
        _fail(ports, session, msgspec.structs.replace(attempt, stage=Stage.CLOSED))

    return [(module, "fail", fail) for module in (launching, creating, booting)]


def janitor_knows_no_override() -> Patches:
    return [(janitor, "_latest", lambda ports, reading, now: reading.created_at + hours(12))]


def silent_outbox() -> Patches:
    return [(alert, "send_pending", lambda ports: 0)]


def final_without_create() -> Patches:
    def advance(ports: Ports, session: Session) -> None:
        attempt = session.attempt
        if session.status is Status.TERMINATING and attempt is not None and not attempt.instance_ids:
            unsent = tuple(msgspec.structs.replace(one, called_at=None) for one in session.attempts)
            moved, event = rules.finish(
                msgspec.structs.replace(session, attempts=unsent), NeverLaunched(), ports.clock.now()
            )
            keeping.keep(ports, session, moved, event)
        else:
            _ending_advance(ports, session)

    return [(ending, "advance", advance)]


def no_intent() -> Patches:
    def keep(ports: Ports, before: Session, after: Session, event: Any = None) -> Session:
        attempt = after.attempt
        new = attempt is not None and attempt.stage is Stage.CALLING and len(after.attempts) > len(before.attempts)
        return after if new else _keep(ports, before, after, event)

    return [(launching, "keep", keep)]
