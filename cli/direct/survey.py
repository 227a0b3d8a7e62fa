"""Whose is each machine on the accounts, and which are past their end: told by provider lists and tags alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.domain import tag as tags
from chalicelib.domain.errors import ProviderError
from chalicelib.domain.instance import Instance
from chalicelib.domain.instant import Instant, seconds
from cli.direct.markets import Direct, Unreadable


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine whose tag names this deployment."""

    instance: Instance
    session_id: str
    verified: bool
    created_at: Instant
    """By its tag."""
    due_at: Instant
    """Its hard max, or the end that an operator gave it."""
    overdue: bool
    doubt: str | None = None
    """Why `due_at` is not certain."""

    @property
    def name(self) -> str:
        return f"{self.instance.provider}:{self.instance.id}"


@dataclass(frozen=True, slots=True)
class Account:
    """What one provider's complete list amounts to; with an `error` it could not be seen whole."""

    provider: str
    ours: tuple[Machine, ...] = ()
    unverified: tuple[Machine, ...] = ()
    foreign: int = 0
    error: str | None = None


def survey(direct: Direct) -> list[Account]:
    """Every account, as it is now. Raises Unreadable when it cannot be told which tags are ours."""
    keys = direct.kept.signing_keys()
    return [_account(direct, name, keys) for name in sorted(direct.markets)]


def unseen(accounts: Sequence[Account]) -> str:
    """Which accounts were not seen whole, and why; empty where all were."""
    return "; ".join(f"{account.provider}: {account.error}" for account in accounts if account.error)


def _account(direct: Direct, name: str, keys: Sequence[bytes]) -> Account:
    try:
        listing = direct.markets[name].list()
    except ProviderError as error:
        return Account(name, error=str(error) or type(error).__name__)
    ours, unverified, foreign = [], [], 0
    for instance in listing.instances:
        reading = tags.read(instance.tag, direct.settings.deployment, keys)
        if isinstance(reading, tags.Foreign):
            foreign += 1
        elif isinstance(reading, tags.Ours):
            ours.append(_machine(direct, instance, reading, listing.taken_at))
        else:
            unverified.append(_machine(direct, instance, reading, listing.taken_at))
    return Account(name, tuple(ours), tuple(unverified), foreign)


def _machine(direct: Direct, instance: Instance, reading: tags.Ours | tags.Unverified, now: Instant) -> Machine:
    policy = direct.settings.policy
    created_at, verified = reading.created_at, isinstance(reading, tags.Ours)
    due_at, doubt = created_at + seconds(policy.hard_max_seconds), None
    if verified and now >= due_at:
        try:
            due_at = max(due_at, direct.kept.override(reading.session_id) or 0)
        except Unreadable as error:  # an operator may have given it longer: as the janitor does, wait a day
            due_at, doubt = created_at + seconds(policy.janitor_override_seconds), f"overrides unreadable: {error}"
    return Machine(instance, reading.session_id, verified, created_at, due_at, now >= due_at, doubt)
