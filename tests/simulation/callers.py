"""The people: they rent, ask again, change their minds, and press the button twenty times."""

from collections.abc import Callable
from functools import partial

from chalicelib.domain.access import Caller, Consumer, KeyRecord, Role
from chalicelib.domain.errors import Refusal
from chalicelib.domain.instant import HOUR, SECOND, Instant
from chalicelib.domain.session import EndReason, Order, Requirements, Session
from chalicelib.ports import Ports
from chalicelib.usecases import lifecycle, renting
from tests.builders import NOW, PUBLIC_KEY
from tests.fakes.memory_access import MemoryAccess
from tests.simulation.faults import MINUTE, Faults
from tests.simulation.kernel import Kernel, Process, Violation
from tests.simulation.renewers import Renewers

GATEWAY = 30 * SECOND
HOURS = (0.1, 0.3, 0.5, 1, 1, 2, 2, 4, 6, 8, 12)


class Callers:
    """Every request is a process of its own; who gets no answer asks again with the same key."""

    def __init__(self, kernel: Kernel, faults: Faults, access: MemoryAccess, ports: Ports, offers: list[str]) -> None:
        self.kernel = kernel
        self.faults = faults
        self.rng = faults.rng
        self.ports = ports
        self.offers = offers
        self.consumers = [_known(access, number, self.rng.choice((3, 8, 50))) for number in range(4)]
        if faults.calm:
            self.consumers = [_known(access, number + 10, 50) for number in range(4)]
        self.operator = _known(access, 99, 50, Role.OPERATOR)
        self.wish: Callable[[Order], Order] = lambda order: order
        """What else people say when they rent."""
        self.ended_early: set[str] = set()
        self.opened: dict[str, str] = {}
        """Session id by idempotency key."""
        self.renewers: Renewers | None = None

    def plan(self, sessions: int, start: Instant, length: int, only_long: bool = False) -> None:
        """So many rents within `length`, some of them all at once."""
        rng = self.rng
        burst = start + round(rng.random() * length)
        for number in range(sessions):
            at = burst if rng.random() < 0.2 else start + round(rng.random() * length)
            hours = rng.choice((4, 6, 8, 12)) if only_long else rng.choice(HOURS)
            self.kernel.at(at, partial(self._rent, number, hours))

    def _rent(self, number: int, hours: float) -> None:
        rng = self.rng
        consumer = rng.choice(self.consumers)
        key = f"key-{number}"
        free = rng.random() < 0.6
        order = Order(
            offer_id=None if free else rng.choice(self.offers),
            requirements=Requirements(gpu=("RTX 4090",), spot=rng.random() < 0.3) if free else None,
            ssh_public_key=PUBLIC_KEY,
            max_attempts=rng.choice((1, 2, 3, 5)) if free else 1,
        )
        if self.renewers is not None:
            order = self.renewers.leased(key, order, hours)
        order = self.wish(order)
        for _ in range(rng.choice((1, 1, 1, 2, 5))):
            self.rent(key, consumer, order, hours)
        self._later(hours, key)

    def rent(self, key: str, consumer: Consumer, order: Order, hours: float) -> None:
        """Asked again under the same key until it is answered."""
        caller = Caller(consumer=consumer, key_id=f"k-{consumer.id}")

        def work() -> None:
            session = renting.rent(
                self.ports,
                caller=caller,
                consumer=consumer,
                order=order,
                hours=hours,
                idempotency_key=key,
                body_hash=key,
            )
            if self.opened.setdefault(key, session.id) != session.id:
                raise Violation("I2", f"{key} opened {self.opened[key]} and {session.id}")

        self.request("rent", work, tries=6)

    def _later(self, hours: float, key: str) -> None:
        """What becomes of it besides running out."""
        rng = self.rng
        when = self.kernel.time + round(rng.random() ** 2 * hours * 1.1 * HOUR) + rng.choice((0, 5)) * SECOND
        fate = rng.choices(
            ("stay", "delete", "deletes", "done", "extend", "both", "override"), (35, 14, 8, 10, 14, 9, 5)
        )[0]
        if fate in ("delete", "deletes", "both"):
            for _ in range(20 if fate == "deletes" else 1):
                self.kernel.at(when, lambda: self.end(key, EndReason.DELETED))
        if fate in ("done", "both"):
            self.kernel.at(when, lambda: self.end(key, EndReason.DONE))
        if fate in ("extend", "both", "override"):
            length = rng.choice((0.5, 1, 3, 11))
            self.kernel.at(when, lambda: self._extend(key, length, fate == "override"))

    def end(self, key: str, reason: EndReason) -> None:
        session_id = self.opened.get(key)
        if session_id is None:
            return
        self.ended_early.add(session_id)

        def work() -> None:
            session = self.ports.sessions.get(session_id)
            if session is not None:
                lifecycle.end(self.ports, session, reason, session.consumer)

        self.request(reason.value, work, tries=50, grants={reason.value})

    def _extend(self, key: str, length: float, override: bool) -> None:
        session_id = self.opened.get(key)
        if session_id is None:
            return
        asked = False

        def work() -> None:
            nonlocal asked
            session = self.ports.sessions.get(session_id)
            if session is None or asked:
                return
            asked = True
            actor = self.operator.id if override else session.consumer
            after: Session = lifecycle.extend(self.ports, session, length, override, actor)
            if not override and after.expires_at > after.hard_max_at:
                raise Violation("I10", f"{after.id} was extended past its hard max")

        self.request("extend", work, tries=1, grants={"extend", "override"} if override else {"extend"})

    def request(self, kind: str, work: Callable[[], None], tries: int, grants: set[str] | None = None) -> None:
        answered = False

        def done(process: Process, error: BaseException | None) -> None:
            nonlocal answered
            answered = error is None or isinstance(error, Refusal)

        def again() -> None:
            if not answered and tries > 1:
                self.request(kind, work, tries - 1, grants)

        self.kernel.start(kind, "", work, done, grants)
        if not answered:
            self.kernel.at(self.kernel.time + GATEWAY + round(self.rng.random() * MINUTE), again)


def _known(access: MemoryAccess, number: int, sessions: int, role: Role = Role.CONSUMER) -> Consumer:
    consumer = Consumer(
        id=f"c-{number}", role=role, max_sessions=sessions, max_price_per_hour=sessions * 500_000, created_at=NOW
    )
    access.put_consumer(consumer, create=True)
    access.put_key(KeyRecord(id=f"k-{consumer.id}", consumer=consumer.id, digest="", created_at=NOW))
    return consumer
