"""The invariants of the rows, checked at every write: final states, transitions, limits, quotas."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from chalicelib.domain.attempt import Stage
from chalicelib.domain.instance import Phase
from chalicelib.domain.instant import HOUR, SECOND
from chalicelib.domain.session import FINAL, EndReason, Event, Session, Status
from tests.fakes.memory_access import MemoryAccess
from tests.simulation.faults import MINUTE
from tests.simulation.kernel import Violation
from tests.simulation.machine import NEVER, Machine
from tests.simulation.watch import Watch

if TYPE_CHECKING:
    from tests.simulation.hearing import Hearing

_ORDER = {None: 0, Status.PENDING: 1, Status.PROVISIONING: 2, Status.RUNNING: 3, Status.TERMINATING: 4}


class Ledgers:
    """Looks at a write before it is made."""

    def __init__(self, watch: Watch, access: MemoryAccess) -> None:
        self.watch = watch
        self.access = access
        self.heard: Hearing | None = None
        """Who knows what heartbeats justify."""
        self.adoptions = 0
        self.lapsed = 0
        """Leases that nobody renewed."""
        self.ends: dict[str, int] = {}
        self.used_up: Callable[[str], bool] = lambda consumer: False
        """Has a budget of this consumer run out that ends what it may no longer pay for?"""
        self.held: Callable[[str], None] = lambda consumer: None
        """Looks at the holds of a consumer when one was set aside."""

    def opened(self, session: Session) -> None:
        self._quota(session.consumer)
        self.held(session.consumer)
        self.watch.log("opened", session.id[-8:], session.wanted.id, session.expires_at)

    def saving(self, before: Session, after: Session, event: Event | None) -> None:
        """`before` is the row as it stands: a write that will lose is not looked at."""
        watch = self.watch
        process = watch.kernel.current
        now = watch.kernel.time
        self._transition(before, after, event)
        self._limits(before, after)
        self._memory(before, after)
        if self.heard is not None:
            self.heard.noted(before, after)
        for number, attempt in enumerate(after.attempts):
            earlier = before.attempts[number] if number < len(before.attempts) else None
            stage = earlier.stage if earlier else None
            watch.known.update(attempt.instance_ids)
            if attempt.stage is Stage.CLOSED and stage is not Stage.CLOSED and attempt.called_at is not None:
                watch._none_alive("I5", after.tag, f"attempt {number + 1} closed")
                if process is not None and attempt.offer.provider in process.blind:
                    raise Violation("I6", f"{after.id} proven absent on a list that could not be read")
            if attempt.stage is Stage.ENDING and stage in (Stage.BOOTING, Stage.UNCERTAIN, Stage.CALLING):
                self._attempt_fails(after, number, attempt.outcome)
                for machine in watch.machines.get(after.tag, ()):
                    machine.allowance += 4 if machine.asked else 0  # a twin asked for before: the quick ones again
            if attempt.outcome == "adopted" and earlier is not None and earlier.outcome != "adopted":
                self.adoptions += 1
        if after.status in FINAL:
            watch._none_alive("I5", after.tag, f"{after.status} written")
        if after.status is Status.TERMINATING and before.status is not Status.TERMINATING:
            watch.ended_at[after.id] = now
            self._may_end(before, after)
        if event is not None or after.attempts != before.attempts:
            last = after.attempt
            watch.log("save", after.id[-8:], after.status.value, after.end_reason, last.stage.value if last else "-",
                      last.outcome if last else "-", last.instance_ids if last else (), after.version)  # fmt: skip

    def saved(self, session: Session) -> None:
        process = self.watch.kernel.current
        if process is not None:
            process.destroyed.clear()
        if session.final:
            reason = str(session.end_reason)
            self.ends[reason] = self.ends.get(reason, 0) + 1
            self._quota(session.consumer)

    def _transition(self, before: Session, after: Session, event: Event | None) -> None:
        moved = before.status is not after.status
        if event is not None and event.reason == "idle_warning" and before.status is after.status is Status.RUNNING:
            return  # the one event that is no transition
        if before.final:
            raise Violation("I11", f"{before.id} was {before.status} and is written again")
        if moved != (event is not None):
            raise Violation("I11", f"{before.id}: {before.status} to {after.status} with event {event}")
        if event is None:
            return
        if (event.before, event.after, event.session_id) != (before.status, after.status, before.id):
            raise Violation("I11", f"{before.id}: the event tells of {event.before} to {event.after}")
        if _ORDER[before.status] >= _ORDER.get(after.status, 5):
            raise Violation("I11", f"{before.id}: back from {before.status} to {after.status}")

    def _limits(self, before: Session, after: Session) -> None:
        process = self.watch.kernel.current
        grants = process.grants if process else set()
        if after.expires_at != before.expires_at and "extend" not in grants:
            raise Violation("I7", f"{after.id}: the end moved, and nobody extended it")
        if after.lease_expires_at != before.lease_expires_at and "renew" not in grants:
            raise Violation("I7", f"{after.id}: the lease moved, and nobody renewed it")
        if after.expires_at > after.hard_max_at:
            raise Violation("I10", f"{after.id} expires past its hard max")
        longest = after.created_at + round(self.watch.policy.hard_max_seconds * SECOND)
        if after.hard_max_at > longest and after.overridden_by is None:
            raise Violation("I10", f"{after.id}: the hard max moved without an override")
        if after.hard_max_at != before.hard_max_at and "override" not in grants:
            raise Violation("I10", f"{after.id}: the hard max moved by {process}")
        for old, new in zip(before.attempts, after.attempts, strict=False):
            if new.deadline_at > old.deadline_at:
                raise Violation("I7", f"{after.id}: a provisioning deadline moved")

    def _memory(self, before: Session, after: Session) -> None:
        if len(after.attempts) < len(before.attempts):
            raise Violation("I8", f"{after.id} forgot an attempt")
        for old, new in zip(before.attempts, after.attempts, strict=False):
            if new.instance_ids[: len(old.instance_ids)] != old.instance_ids:
                raise Violation("I8", f"{after.id} forgot {old.instance_ids}")
            if old.stage is Stage.CLOSED and new.stage is not Stage.CLOSED:
                raise Violation("I8", f"{after.id} reopened an attempt")

    def _may_end(self, before: Session, after: Session) -> None:
        now = self.watch.kernel.time
        process = self.watch.kernel.current
        reason = after.end_reason
        if reason is EndReason.EXPIRED:
            right = now >= min(before.expires_at, before.lease_expires_at or NEVER)
            self.lapsed += now < before.expires_at
        elif reason is EndReason.HARD_MAX:
            right = now >= before.hard_max_at
        elif reason in (EndReason.DONE, EndReason.DELETED):
            right = process is not None and reason.value in process.grants
        elif reason in (EndReason.IDLE, EndReason.HEARTBEAT_LOST):
            right = self.heard is not None and self.heard.may_end(before, reason)
        elif reason is EndReason.BUDGET:
            right = self.used_up(before.consumer)
        elif before.status is Status.RUNNING:
            machine = self._machine(before)
            right = machine is None or not self._healthy(machine, before)
        else:
            right = True  # a launch that failed: its attempt was looked at when it did
        if not right:
            raise Violation("I4", f"{before.id} ended as {reason} by {process}, and nothing was wrong with it")

    def _attempt_fails(self, after: Session, number: int, outcome: str) -> None:
        now = self.watch.kernel.time
        attempt = after.attempts[number]
        if after.status is Status.TERMINATING or outcome in ("refused", "offer_gone", "refused_with_machine"):
            return
        if outcome == "timed_out":
            right = now >= attempt.deadline_at
        elif outcome == "never_appeared":
            self.watch._none_alive("I5", after.tag, "closed as never appeared")
            return
        else:
            machine = self._machine(after)
            right = machine is None or not self._healthy(machine, after) or machine.surfaces_at > now - 15 * SECOND
        if not right:
            raise Violation("I4", f"{after.id}: attempt {number + 1} given up as {outcome}, and the machine is well")

    def _machine(self, session: Session) -> Machine | None:
        main = session.attempt.instance_id if session.attempt else None
        return next((m for m in self.watch.machines.get(session.tag, ()) if m.id == main), None)

    def _healthy(self, machine: Machine, session: Session) -> bool:
        now = self.watch.kernel.time
        rented = session.attempt.offer if session.attempt else session.wanted
        # One that thaws between the look and the end was ended rightly.
        frozen = machine.was((Phase.FROZEN,), now - MINUTE, now)
        up = machine.phase_at(now) in (Phase.RUNNING, Phase.STARTING, Phase.REBOOTING) and not frozen
        fine = up and machine.offer.gpu == rented.gpu
        first = machine.meter[0][2]  # no machine that costs what it did when it was made is too dear
        return machine.lives(now) and fine and machine.price <= max(first, session.agreed_per_hour)

    def _quota(self, consumer_id: str) -> None:
        consumer = self.access.consumer(consumer_id)
        if consumer is None:
            return
        live = [row for row in self.watch.rows.values() if row.consumer == consumer_id and not row.final]
        held = sum(row.held_per_hour for row in live)
        if (consumer.sessions, consumer.committed_per_hour) != (len(live), held):
            raise Violation("I9", f"{consumer_id} counts {consumer.sessions} sessions, {len(live)} live")
        if len(live) > consumer.max_sessions or held > consumer.max_price_per_hour:
            raise Violation("I9", f"{consumer_id} holds {len(live)} sessions at {held} micro-dollars an hour")


def longest_life(session: Session) -> int:
    """Milliseconds after which nothing of it may be left, all being well."""
    return max(session.hard_max_at, session.created_at + 12 * HOUR)
