"""When a machine may be destroyed, and since when it must be: worked out from the rows and the truth alone."""

from collections.abc import Collection, Mapping

from chalicelib.domain.attempt import Attempt, Stage
from chalicelib.domain.instant import Instant, seconds
from chalicelib.domain.policy import Policy
from chalicelib.domain.session import Session, Status
from chalicelib.domain.tag import Ours, read
from tests.builders import DEPLOYMENT, SIGNING_KEY
from tests.simulation.machine import NEVER, Machine

LAYERS = ("request", "sweeps", "reconcile", "janitor", "agent")


def session_of(machine: Machine) -> Ours:
    reading = read(machine.tag, DEPLOYMENT, (SIGNING_KEY,))
    if not isinstance(reading, Ours):
        raise TypeError(f"{machine.id} is not ours")
    return reading


def attempt_of(machine: Machine, row: Session) -> Attempt | None:
    """The attempt that made it, or knows it."""
    for attempt in row.attempts:
        if machine.id in attempt.instance_ids:
            return attempt
    return row.attempts[machine.attempt - 1] if 0 < machine.attempt <= len(row.attempts) else None


def ends_at(row: Session) -> Instant:
    """When it ends if nobody does anything any more."""
    lease = NEVER if row.lease_expires_at is None else row.lease_expires_at
    return min(row.expires_at, row.hard_max_at, lease)


def may_die_at(machine: Machine, row: Session | None, ended_at: Mapping[str, Instant]) -> Instant:
    """From when on a destroy of it is right, whoever sends it."""
    born = session_of(machine)
    if row is None:
        return born.created_at
    limit = min(ends_at(row), ended_at.get(row.id, NEVER))
    attempt = attempt_of(machine, row)
    if attempt is None or attempt.stage is Stage.CLOSED:
        return born.created_at
    if attempt.stage is Stage.ENDING:
        return min(limit, attempt.ending_since or NEVER)
    if attempt.stage is Stage.BOOTING and attempt.instance_id != machine.id:
        return machine.created_at  # a twin
    return limit


def must_die_from(
    machine: Machine,
    row: Session | None,
    ended_at: Mapping[str, Instant],
    kept: Mapping[str, Instant],
    policy: Policy,
    layers: Collection[str],
) -> Instant:
    """From when on every moment without a destroy request is late; NEVER where the layers that are on owe nothing.

    `ended_at` and `kept`: when each session began to end, and the overrides, by session.
    """
    born = session_of(machine)
    dues = [NEVER]
    if "janitor" in layers:
        limit = born.created_at + seconds(policy.hard_max_seconds)
        limit = max(limit, kept.get(born.session_id, 0))
        dues.append(limit + seconds(policy.janitor_grace_seconds))
    stray = stray_since(machine, row)
    if stray is not None:
        if "reconcile" in layers:
            dues.append(max(stray, machine.surfaces_at, born.created_at + seconds(policy.orphan_grace_seconds)))
    elif row is not None:
        if "sweeps" in layers:
            dues.append(ends_at(row))
        if "sweeps" in layers or "request" in layers:
            dues.append(ended_at.get(row.id, NEVER))
            attempt = attempt_of(machine, row)
            if attempt is not None and attempt.stage is Stage.ENDING:
                dues.append(attempt.ending_since or NEVER)
    return max(min(dues), machine.created_at, machine.returned_at, machine.surfaces_at)


def stray_since(machine: Machine, row: Session | None) -> Instant | None:
    """Since when no live session looks after it."""
    if row is None:
        return machine.created_at
    if row.final:
        return max(machine.created_at, machine.returned_at, row.ended_at or 0)
    attempt = attempt_of(machine, row)
    if attempt is None or attempt.stage is Stage.CLOSED:
        return max(machine.created_at, machine.returned_at, attempt.at if attempt else 0)
    twin = attempt.stage is Stage.BOOTING and attempt.instance_id != machine.id
    if twin and row.status is not Status.TERMINATING:
        return max(machine.created_at, attempt.at)
    return None
