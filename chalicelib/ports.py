"""What the work asks of the outside. Every implementation passes the contract suite of its port."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeVar

import msgspec

from chalicelib.domain.access import Consumer, KeyRecord
from chalicelib.domain.admission import ProviderState
from chalicelib.domain.alert import Alert
from chalicelib.domain.billing import Billing
from chalicelib.domain.diff import Memory
from chalicelib.domain.instance import Absent, Instance, Listing
from chalicelib.domain.instant import Instant
from chalicelib.domain.invoice import Charge
from chalicelib.domain.lease import Lease
from chalicelib.domain.ledger import Key, Line, Total
from chalicelib.domain.money import Micros
from chalicelib.domain.offer import Offer
from chalicelib.domain.posting import Posting
from chalicelib.domain.pulse import Pulse
from chalicelib.domain.session import Event, Session, Status
from chalicelib.domain.subscription import Subscription
from chalicelib.settings import Settings

T = TypeVar("T")

CallKind = Literal["create", "destroy", "read", "search"]


class Clock(Protocol):
    def now(self) -> Instant: ...

    def sleep(self, seconds: float) -> None:
        """Wait: the rate gate, for at most `rate_wait_max_seconds`, and whoever holds an id that must be stored."""


class Ids(Protocol):
    """Randomness, handed in."""

    def entropy(self, size: int) -> bytes: ...


class RateGate(Protocol):
    """One pace per provider, shared by every process that talks to it."""

    def pass_through(self, provider: str, kind: CallKind) -> None:
        """Return when the call may be made now; raises ProviderBusy when that would take too long.

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
    def answers(self, host: str, port: int) -> bool:
        """Does an SSH banner come back from there within a few seconds?"""


class Wakeups(Protocol):
    """Messages that make a worker look at something soon. Losing all of them only costs time."""

    def session(self, session_id: str, delay_seconds: float = 0.0) -> None: ...

    def sweep(self, name: str) -> None: ...


class Page(msgspec.Struct, Generic[T], frozen=True):
    items: list[T]
    next_cursor: str | None


class Admission(msgspec.Struct, frozen=True, kw_only=True):
    """What must hold, in the same transaction, for a session to be opened."""

    consumer: Consumer
    """Its limits; the transaction also demands that it is still active."""
    key_id: str | None
    """The key that asked; the transaction demands that it is not revoked."""
    idempotency_key: str | None = None
    body_hash: str = ""
    idempotency_expires_at: Instant = 0


class Sessions(Protocol):
    def open(self, session: Session, event: Event, admission: Admission) -> Session:
        """Write row, first event, quota, budget hold and idempotency in one transaction, or nothing.

        A replay (same consumer, idempotency key and body) returns the session opened first.
        Raises Refusal: 409 `idempotency_conflict`, 429 `quota_exceeded`, 401 when the key or consumer is not active.
        """

    def replayed(self, consumer_id: str, idempotency_key: str, body_hash: str, now: Instant) -> Session | None:
        """The session this very request opened before, if any. Raises Refusal 409 `idempotency_conflict`."""

    def get(self, session_id: str) -> Session | None:
        """Strongly consistent."""

    def save(self, before: Session, after: Session, event: Event | None = None) -> Session:
        """Write what changed, on condition that the row still has `before.version`; returns it with the new version.

        With an event both are one transaction. Becoming final gives the quota back in it too. A larger `hold` is set
        aside in it, or Refusal 402 `budget_exceeded` raised. Raises Stale.
        """

    def beat(self, session_id: str, mark: str, pulse: Pulse, at: Instant, active: bool) -> bool:
        """Note a heartbeat, and nothing that anybody else writes: the version stays as it is.

        On condition that the session is not final and its mark is an earlier one of the same token; else False, and
        nothing has changed. `active`: this was also the last moment of activity.
        """

    def due(self, statuses: Sequence[Status], before: Instant, limit: int = 100) -> list[Session]:
        """Live sessions in these states with `due_at` <= `before`, longest due first. May lag by moments."""

    def live(self, provider: str | None = None) -> Iterator[Session]:
        """Every session that is not final (with its current attempt at `provider`, if given)."""

    def page(
        self,
        *,
        consumer: str | None,
        statuses: Sequence[Status] | None,
        provider: str | None,
        limit: int,
        cursor: str | None,
    ) -> Page[Session]:
        """Newest first. Raises Refusal 400 for a cursor that is not ours."""

    def live_of(self, consumer: Consumer) -> list[Session]:
        """The consumer's sessions that are not final; as many as its row counts, in any order."""

    def unsettled(self, limit: int = 100) -> list[Session]:
        """Final sessions that no posting has settled, longest ended first. May lag by moments."""

    def events(self, session_id: str) -> list[Event]:
        """Oldest first."""


class Access(Protocol):
    """Consumers and their API keys."""

    def consumer(self, consumer_id: str) -> Consumer | None: ...

    def put_consumer(self, consumer: Consumer, *, create: bool) -> None:
        """Write limits, role and status (never the usage counters). Raises Stale if it exists and `create`."""

    def save_budget(self, before: Consumer, after: Consumer) -> None:
        """Write `budget`, `period`, `reserved` and `booked`, on condition that all four are as in `before`.

        Raises Stale.
        """

    def consumers(self, limit: int, cursor: str | None) -> Page[Consumer]: ...

    def key(self, key_id: str) -> KeyRecord | None: ...

    def put_key(self, key: KeyRecord) -> None: ...

    def touch_key(self, key_id: str, at: Instant) -> None:
        """Note when a key was last used, and nothing else: it can never undo a revocation made meanwhile."""

    def keys_of(self, consumer_id: str) -> list[KeyRecord]: ...


class Ledger(Protocol):
    """What was spent: a line for each session, day, market and GPU, and the totals over them."""

    def lines(self, consumer: str, keys: Iterable[Key]) -> dict[Key, Line]:
        """Those of them that are stored; strongly consistent."""

    def post(self, posting: Posting) -> None:
        """Lines, totals, the consumer's counters and the sessions, all or nothing.

        On condition that each line and session is as in the posting, and the consumer's period too. Raises Stale.
        """

    def totals(self, consumer: str, first: str, last: str) -> list[Total]:
        """Of the days from first to last, both included, oldest first; strongly consistent."""

    def session_lines(self, consumer: str, first: str, last: str) -> list[Line]:
        """The lines themselves: one for each session of each day."""


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


class Alerts(Protocol):
    """The outbox: what people must be told, kept until it was."""

    def add(self, alert: Alert) -> bool:
        """False when an alert with its `dedupe_id` is there already (sent or not); then nothing is written."""

    def pending(self, limit: int) -> list[Alert]:
        """Not sent yet, oldest first."""

    def mark_sent(self, dedupe_id: str, at: Instant) -> None: ...

    def page(self, *, consumer: str | None, limit: int, cursor: str | None) -> Page[Alert]:
        """Newest first; of one consumer, or all. Raises Refusal 400 for a cursor that is not ours."""


class Notifier(Protocol):
    def publish(self, alert: Alert) -> None:
        """Hand it to everybody who subscribed. Raises ShopperError when it did not go out."""

    def subscribe(self, protocol: str, endpoint: str, consumer: str | None) -> str:
        """From its confirmation on, the endpoint hears the alerts of this consumer, or all; returns its name there.

        The same again is the same subscription. Raises ShopperError.
        """

    def unsubscribe(self, arn: str) -> None:
        """One that is not there any more is fine. Raises ShopperError."""


class Subscriptions(Protocol):
    """Whose subscriptions there are."""

    def add(self, subscription: Subscription) -> None:
        """Raises Stale if there is one with its id."""

    def save(self, subscription: Subscription) -> None:
        """Raises Stale if it was removed."""

    def get(self, subscription_id: str) -> Subscription | None: ...

    def remove(self, subscription_id: str) -> None: ...

    def page(self, *, consumer: str | None, limit: int, cursor: str | None) -> Page[Subscription]:
        """Newest first; of one consumer, or all. Raises Refusal 400 for a cursor that is not ours."""


class Overrides(Protocol):
    """Operators' extensions past the hard max, kept where the janitor can read them without the table."""

    def lengthen(self, session_id: str, until: Instant) -> None:
        """Raises ShopperError when it was not kept: then the extension must not be granted."""

    def until(self, session_id: str) -> Instant | None:
        """None when there is none; raises ShopperError when that cannot be known."""


class Metrics(Protocol):
    """Numbers that alarms outside the code watch. One that is missing is itself the alarm."""

    def count(self, name: str, value: int, **dimensions: str) -> None: ...


class Secrets(msgspec.Struct, frozen=True, kw_only=True):
    """What the deployment alone knows. Never logged, never in an answer."""

    signing_keys: tuple[bytes, ...]
    """The first one signs; all of them verify."""
    pepper: bytes

    def __repr__(self) -> str:
        return "Secrets(…)"


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything a piece of work may touch, handed to it as one argument."""

    settings: Settings
    secrets: Secrets
    clock: Clock
    ids: Ids
    sessions: Sessions
    access: Access
    ledger: Ledger
    inventory: Inventory
    health: Health
    providers: Mapping[str, Provider]
    gate: RateGate
    wakeups: Wakeups
    ssh: SshProbe
    overrides: Overrides
    alerts: Alerts
    notifier: Notifier
    subscriptions: Subscriptions
    metrics: Metrics
