"""A session: our promise to a consumer, on one machine, and the only moves it can make.

    pending ──► provisioning ──► running ──► terminating ──► terminated | failed
       └──────────── failed (no create was ever sent)

Every move returns the session after it and the one event that tells of it. `terminated` and `failed`
are written by `finish` alone, and its signature demands the proof.
"""

from enum import StrEnum

import msgspec

from chalicelib.domain import tag as tags
from chalicelib.domain.attempt import AbsenceProof, Attempt, Stage
from chalicelib.domain.billing import Correction
from chalicelib.domain.errors import ShopperError
from chalicelib.domain.instance import Address, OpenPort
from chalicelib.domain.instant import Instant
from chalicelib.domain.lease import Mode, OnDisconnect
from chalicelib.domain.money import Micros
from chalicelib.domain.offer import DISK_GB, Offer
from chalicelib.domain.pulse import Pulse


class Status(StrEnum):
    PENDING = "pending"
    PROVISIONING = "provisioning"
    RUNNING = "running"
    TERMINATING = "terminating"
    TERMINATED = "terminated"
    FAILED = "failed"


LIVE = (Status.PENDING, Status.PROVISIONING, Status.RUNNING, Status.TERMINATING)
FINAL = (Status.TERMINATED, Status.FAILED)


class EndReason(StrEnum):
    DONE = "done"
    DELETED = "deleted"
    EXPIRED = "expired"
    HARD_MAX = "hard_max"
    IDLE = "idle"
    HEARTBEAT_LOST = "heartbeat_lost"
    BUDGET = "budget"
    PROVISION_FAILED = "provision_failed"
    PROVISION_TIMEOUT = "provision_timeout"
    LAUNCH_REFUSED = "launch_refused"
    LOST = "lost"
    SPOT_LOST = "spot_lost"
    KEY_REVOKED = "key_revoked"


class Requirements(msgspec.Struct, frozen=True, kw_only=True):
    """What any acceptable offer must be; empty tuples and None mean: no matter."""

    gpu: tuple[str, ...] = ()
    min_vram_gb: float | None = None
    gpu_count: int = 1
    max_price: Micros | None = None
    min_reliability: float | None = None
    country: tuple[str, ...] = ()
    provider: tuple[str, ...] = ()
    min_cuda: float | None = None
    spot: bool = False
    verified: bool | None = None


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What the consumer asked for, checked and normalised; it never changes afterwards."""

    offer_id: str | None = None
    requirements: Requirements | None = None
    ssh_public_key: str
    disk_gb: int = DISK_GB
    image: str | None = None
    env: dict[str, str] = {}
    onstart: str | None = None
    ports: tuple[int, ...] = ()
    workload: str | None = None
    idle_minutes: int = 0
    lease_minutes: float | None = None
    """Nobody renewed it for so long: it ends. None: it needs no renewal."""
    on_disconnect: OnDisconnect = OnDisconnect.DESTROY
    extendable_hours: float = 0.0
    """How far the end may be moved where the machine cannot be told: so much later its own timer is armed."""
    max_price: Micros | None = None
    max_attempts: int = 1


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """The row, whole. Moments are milliseconds since the epoch, money micro-dollars."""

    id: str
    consumer: str
    version: int = 1
    status: Status = Status.PENDING
    status_reason: str | None = None
    state_entered_at: Instant
    created_at: Instant
    hours: float
    expires_at: Instant
    hard_max_at: Instant
    lease_expires_at: Instant | None = None
    """Until when its owner has said that they are still there, if they must."""
    order: Order
    wanted: Offer
    """The offer that was picked when the session was opened; each attempt holds the offer it really tried."""
    price_per_hour: Micros
    """All-in: as listed at first, then as quoted, then by the provider's own figure."""
    held_per_hour: Micros
    """The most it may cost whichever machine it gets, and what the consumer's price quota counts for it until it is
    final."""
    hold: Micros = 0
    """Its worst case, set aside of the consumer's budget until it is settled."""
    settled_at: Instant | None = None
    """When its final cost was written down and its hold released; not before it is final."""
    corrections: tuple[Correction, ...] = ()
    """What the market's invoice differs by, entered after the settlement."""
    attempts: tuple[Attempt, ...] = ()
    next_attempt_at: Instant
    """When the launch or terminate sweep should look at it again."""
    running_at: Instant | None = None
    ended_at: Instant | None = None
    end_reason: EndReason | None = None
    end_detail: str | None = None
    """Why, in words; it is what remains to be read when all is over."""
    ssh: Address | None = None
    ports: tuple[OpenPort, ...] | None = None
    """Where those that the order names are reached; see `launch.opened`. None in older rows too."""
    absence_proof: AbsenceProof | None = None
    agent_mode: Mode | None = None
    """How the agent of the last create was launched."""
    agent_deadline: Instant | None = None
    """When its machine ends itself if no answer of ours ever reaches it."""
    agent_mark: str | None = None
    """Whose heartbeats count, and the last one of them; see `lease.mark`."""
    last_heartbeat_at: Instant | None = None
    gpu_util: float | None = None
    """Percent, of the GPU that works most."""
    pulse: Pulse | None = None
    active_at: Instant | None = None
    """When a heartbeat last told of work or of somebody logged in."""
    step_failures: int = 0
    """Steps of work that failed in a row without moving anything: spaces out a poison row."""
    overridden_by: str | None = None
    """The operator who moved the hard max."""

    @property
    def attempt(self) -> Attempt | None:
        """The attempt under way, or the last one."""
        return self.attempts[-1] if self.attempts else None

    @property
    def agreed_per_hour(self) -> Micros:
        """The most that the machine under way may cost. `held_per_hour` covers the dearest of all that may be tried."""
        agreed = self.attempts[-1].agreed_per_hour if self.attempts else None
        return self.held_per_hour if agreed is None else min(agreed, self.held_per_hour)

    @property
    def earlier_ids(self) -> frozenset[str]:
        """Machines of the attempts before the last one, all proven gone: whatever a list shows of them, they are not
        what the last create made."""
        return frozenset(name for attempt in self.attempts[:-1] for name in attempt.instance_ids)

    @property
    def provider(self) -> str:
        """Where it is being tried now, or was last, or will be first."""
        return self.attempts[-1].offer.provider if self.attempts else self.wanted.provider

    @property
    def tag(self) -> str:
        return tags.of(self.id)

    @property
    def final(self) -> bool:
        return self.status in FINAL

    @property
    def ends_at(self) -> Instant:
        """The first of its limits: `limit` tells which one that is."""
        end = min(self.expires_at, self.hard_max_at)
        return end if self.lease_expires_at is None else min(end, self.lease_expires_at)

    @property
    def due_at(self) -> Instant | None:
        """When a sweep must look at it: never once final, so the row leaves the index."""
        if self.final:
            return None
        if self.status is Status.TERMINATING:
            return self.next_attempt_at
        return self.ends_at if self.status is Status.RUNNING else min(self.ends_at, self.next_attempt_at)


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One transition, for the session's history."""

    session_id: str
    at: Instant
    before: Status | None
    after: Status
    reason: str
    detail: str | None = None
    actor: str


class IllegalMove(ShopperError):
    """The code asked for a transition that the state machine does not have."""


class NeverLaunched(msgspec.Struct, frozen=True):
    """Proof enough for a session that no create call was ever sent for."""


Move = tuple[Session, Event]


def start_attempt(session: Session, attempt: Attempt, price: Micros, at: Instant) -> tuple[Session, Event | None]:
    """Write down that a create call is about to be made. The call itself comes only after this is stored."""
    previous = session.attempt
    if previous is not None and previous.stage is not Stage.CLOSED:
        raise IllegalMove(f"attempt {len(session.attempts)} is not proven absent")
    if session.status not in (Status.PENDING, Status.PROVISIONING):
        raise IllegalMove(f"no launch from {session.status}")
    after = msgspec.structs.replace(session, attempts=(*session.attempts, attempt), price_per_hour=price)
    if session.status is Status.PROVISIONING:
        return after, None
    return _move(after, Status.PROVISIONING, "launching", at, "service", detail=attempt.offer.id)


def run(session: Session, address: Address, at: Instant) -> Move:
    """The provider says running and SSH answered at `address`."""
    after = msgspec.structs.replace(session, ssh=address, running_at=at)
    return _move(after, Status.RUNNING, "ssh_ready", at, "service", allowed=(Status.PROVISIONING,))


def end(session: Session, reason: EndReason, at: Instant, actor: str, detail: str | None = None) -> Move:
    """Begin to end it. Whoever asks, the machine dies the same way; who asked first gives the reason."""
    attempt = session.attempt
    attempts = session.attempts
    if attempt is not None and attempt.stage is not Stage.CLOSED:
        attempts = (*attempts[:-1], attempt.ended(at))
    after = msgspec.structs.replace(session, attempts=attempts, end_reason=reason, next_attempt_at=at, step_failures=0)
    after = msgspec.structs.replace(after, end_detail=detail)
    allowed = (Status.PENDING, Status.PROVISIONING, Status.RUNNING)
    return _move(after, Status.TERMINATING, reason.value, at, actor, detail, allowed)


def finish(session: Session, proof: AbsenceProof | NeverLaunched, at: Instant) -> Move:
    """The only way into a final state. The proof decides: a machine that was never ordered needs none."""
    if isinstance(proof, NeverLaunched):
        if any(attempt.called_at is not None for attempt in session.attempts):
            raise IllegalMove("a create was sent: absence must be proven")
        after = msgspec.structs.replace(session, ended_at=at)
    else:
        if proof.tag != session.tag:
            raise IllegalMove("the proof is of another session")
        after = msgspec.structs.replace(session, ended_at=at, absence_proof=proof)
    usable = session.running_at is not None or session.end_reason in _WISHED
    target = Status.TERMINATED if usable else Status.FAILED
    moved, event = _move(after, target, str(session.end_reason), at, "service", allowed=(Status.TERMINATING,))
    return msgspec.structs.replace(moved, status_reason=session.end_detail or moved.status_reason), event


_WISHED = (EndReason.DONE, EndReason.DELETED, EndReason.BUDGET, EndReason.KEY_REVOKED)
"""Ends that somebody decided: `terminated` even if the machine never came up."""


def _move(
    session: Session,
    target: Status,
    reason: str,
    at: Instant,
    actor: str,
    detail: str | None = None,
    allowed: tuple[Status, ...] = (Status.PENDING, Status.PROVISIONING),
) -> Move:
    if session.status not in allowed:
        raise IllegalMove(f"{session.id}: no way from {session.status} to {target}")
    after = msgspec.structs.replace(session, status=target, status_reason=detail or reason, state_entered_at=at)
    event = Event(
        session_id=session.id, at=at, before=session.status, after=target, reason=reason, detail=detail, actor=actor
    )
    return after, event
