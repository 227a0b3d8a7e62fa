"""Hold a market's invoice against our ledger, machine by machine."""

from collections.abc import Iterable, Mapping

import msgspec

from chalicelib.domain import ledger
from chalicelib.domain.instant import Instant
from chalicelib.domain.money import Micros
from chalicelib.domain.session import Session

_CENT: Micros = 10_000


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """What a market billed for one machine within the time asked for."""

    instance_id: str
    amount: Micros


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """One session whose bill is another than its ledger."""

    session: Session
    ours: Micros
    """Corrections made before included."""
    billed: Micros

    @property
    def amount(self) -> Micros:
        return self.billed - self.ours


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """`ours` and `billed` are sums over the sessions compared."""

    ours: Micros = 0
    billed: Micros = 0
    drifts: tuple[Drift, ...] = ()

    def drifted(self, share: float) -> bool:
        """Is the difference worth a message? One below a cent is how markets round."""
        return abs(self.billed - self.ours) > max(share * max(self.billed, self.ours), _CENT)


def compare(sessions: Iterable[Session], charges: Iterable[Charge], now: Instant, provider: str) -> Comparison:
    """What these sessions had at this market. Only of those that are settled and whose machines there the invoice
    knows: a bill that is not written yet, or that has no line for a machine (any more), says nothing."""
    billed: Mapping[str, Micros] = _by_machine(charges)
    ours_all = billed_all = 0
    drifts = []
    for session in sessions:
        attempts = [attempt for attempt in session.attempts if attempt.offer.provider == provider]
        known = {i for attempt in attempts for i in attempt.instance_ids}  # a late one may be known to two of them
        if session.settled_at is None or not known or not all(i in billed for i in known):
            continue
        ours = sum(line.cost for line in ledger.lines(session, now) if line.provider == provider)
        theirs = sum(billed[i] for i in known)
        ours_all += ours
        billed_all += theirs
        if ours != theirs:
            drifts.append(Drift(session=session, ours=ours, billed=theirs))
    return Comparison(ours=ours_all, billed=billed_all, drifts=tuple(drifts))


def _by_machine(charges: Iterable[Charge]) -> dict[str, Micros]:
    found: dict[str, Micros] = {}
    for charge in charges:
        found[charge.instance_id] = found.get(charge.instance_id, 0) + charge.amount
    return found
