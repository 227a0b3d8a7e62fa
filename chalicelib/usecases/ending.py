"""The one way to end a machine, whoever asks: destroy, look, prove, and never stop before the proof."""

import logging

import msgspec

from chalicelib.domain import session as rules
from chalicelib.domain.alert import stuck
from chalicelib.domain.attempt import LAUNCHING, Attempt, Look, NotProven, Stage, look, prove
from chalicelib.domain.destroy import late_arrival_possible, look_pause, pause
from chalicelib.domain.errors import ProviderBusy, ProviderError, ShopperError
from chalicelib.domain.instance import Absent, Instance
from chalicelib.domain.instant import Instant, seconds
from chalicelib.domain.launch import lost_create_pause
from chalicelib.domain.metering import read, rejoined, told
from chalicelib.domain.policy import Policy
from chalicelib.domain.session import Event, NeverLaunched, Session, Status
from chalicelib.ports import Ports, Provider
from chalicelib.usecases.accruing import settle
from chalicelib.usecases.alerting import tell
from chalicelib.usecases.destroying import destroy
from chalicelib.usecases.failing import tell_closed, with_attempt
from chalicelib.usecases.keeping import keep, later
from chalicelib.usecases.observing import listing, provider_named

log = logging.getLogger(__name__)


def advance(ports: Ports, session: Session) -> None:
    """One step towards gone.

    1. No create was ever sent: done.  2. Proven: done, or the next attempt may start.  3. A destroy is due:
    send it, look in a few seconds.  4. Otherwise look; two clean looks make the proof, anything alive starts over.
    """
    attempt = session.attempt
    if attempt is None or all(one.called_at is None for one in session.attempts):
        _over(ports, session, *rules.finish(session, NeverLaunched(), ports.clock.now()))
    elif attempt.stage is Stage.CLOSED:
        _finish(ports, session)
    elif _destroy_due(attempt, ports.clock.now(), ports.settings.policy):
        _destroy(ports, session, attempt)
    else:
        _look(ports, session, attempt)


def _destroy_due(attempt: Attempt, now: Instant, policy: Policy) -> bool:
    if not attempt.instance_ids:
        return False
    if attempt.look is not None and now - attempt.look.at < seconds(policy.destroy_backoff_max_seconds):
        return False  # one clean look is nearly a proof, but not for longer than a destroy may be put off
    return attempt.destroy_due_at is None or now >= attempt.destroy_due_at


def _destroy(ports: Ports, session: Session, attempt: Attempt) -> None:
    """Ask for every machine of the attempt; what the provider answers is noted and proves nothing."""
    policy = ports.settings.policy
    provider = provider_named(ports, attempt.offer.provider)
    trouble: ProviderError | None = None
    if not attempt.appeared:
        attempt = _shown(provider, attempt, ports.clock.now())
    for instance_id in attempt.instance_ids:
        trouble = (
            destroy(provider, instance_id, f"session {session.id}: {session.end_reason or attempt.outcome}") or trouble
        )
    now = ports.clock.now()
    calls, next_look = attempt.destroy_calls + 1, look_pause(policy)
    wait = pause(calls, session.id, policy)
    if isinstance(trouble, ProviderBusy) and trouble.unsent:  # many are being ended at once: its turn comes soon
        calls = attempt.destroy_calls
        next_look = wait = min(wait, seconds(trouble.retry_after))
    asked = msgspec.structs.replace(
        attempt,
        destroy_calls=calls,
        destroy_called_at=now,
        destroy_due_at=now + wait,
        destroy_error=str(trouble) if trouble else None,
    )
    after = with_attempt(session, asked)
    keep(ports, session, later(ports, after, next_look))
    alert = stuck(after, now, policy)
    if alert is not None:
        tell(ports, alert)


def _shown(provider: Provider, attempt: Attempt, at: Instant) -> Attempt:
    """With what the market shows of the main machine, if it does. Once it could be read, it need not be waited for, nor
    paid for, when it is gone."""
    if attempt.instance_id is None:
        return attempt
    try:
        machine = provider.get(attempt.instance_id)
    except ProviderError:
        return attempt
    if not isinstance(machine, Instance):
        return attempt
    return msgspec.structs.replace(told(attempt, [machine], at), appeared=True)


def _look(ports: Ports, session: Session, attempt: Attempt) -> None:
    """Look everywhere the machine could still be. An unreadable answer raises, and nothing has changed."""
    policy = ports.settings.policy
    name = attempt.offer.provider
    at = ports.clock.now()
    found = listing(ports, name)
    tagged = found.tagged(session.tag)
    new = [machine.id for machine in tagged if machine.id not in session.earlier_ids]
    if new:  # so the create is answered: nothing else can turn up late
        attempt = msgspec.structs.replace(attempt.knows(*new), answered=True)
    if attempt.instance_ids:  # one that is back is ended along with it; alone it is an orphan like any other
        attempt = rejoined(attempt, tagged, found.taken_at)
    listed = found.ids() & set(attempt.instance_ids)
    if listed:  # no need to ask for each: one that cannot be read must not keep a new one from being remembered
        seen_now = msgspec.structs.replace(attempt, appeared=attempt.appeared or attempt.instance_id in listed)
        _still_there(ports, session, read(seen_now, found), "a machine is still listed")
        return
    answers = [provider_named(ports, name).get(instance_id) for instance_id in attempt.instance_ids]
    attempt = told(read(attempt, found), [answer for answer in answers if not isinstance(answer, Absent)], at)
    absents = tuple(answer for answer in answers if isinstance(answer, Absent))
    alive = [answer for answer in answers if not isinstance(answer, Absent)]
    if any(answer.id == attempt.instance_id for answer in alive):
        attempt = msgspec.structs.replace(attempt, appeared=True)
    try:
        seen = look(at, session.tag, attempt.instance_ids, absents, found)
    except NotProven as doubt:
        _still_there(ports, session, attempt, str(doubt))
        return
    attempt = msgspec.structs.replace(attempt, lists_without=attempt.lists_without + (not attempt.answered))
    if late_arrival_possible(attempt, at, policy):
        attempt = _unclear(attempt, at, policy)
        wait = lost_create_pause(attempt.called_at or at, at, policy)
        keep(ports, session, later(ports, with_attempt(session, attempt), wait))
        return
    _clean_look(ports, session, attempt, seen)


def _unclear(attempt: Attempt, at: Instant, policy: Policy) -> Attempt:
    """A create whose caller must be gone by now without having said how it ended."""
    silent = attempt.outcome == LAUNCHING and not attempt.answered and not attempt.instance_ids
    if not silent or at - (attempt.called_at or at) < seconds(policy.create_in_flight_seconds):
        return attempt
    return attempt.unclear(at)


def _still_there(ports: Ports, session: Session, attempt: Attempt, why: str) -> None:
    """Something is alive: forget any clean look; the next destroy comes at its time, a first one at once."""
    known_before = session.attempt.instance_ids if session.attempt else ()
    due = attempt.destroy_due_at or 0
    if attempt.instance_ids != known_before:
        due = 0  # a machine nobody has asked for yet does not wait for its sister's turn
    alive = msgspec.structs.replace(attempt, look=None, destroy_due_at=due or None, doubt=why)
    now = ports.clock.now()
    asked_ago = now - (attempt.destroy_called_at or now)
    wait = min(max(0, due - now), max(asked_ago, look_pause(ports.settings.policy)))
    if not attempt.instance_ids:  # nothing that it could ask to destroy
        wait = lost_create_pause(attempt.called_at or now, now, ports.settings.policy)
    keep(ports, session, later(ports, with_attempt(session, alive), wait))


def _clean_look(ports: Ports, session: Session, attempt: Attempt, seen: Look) -> None:
    policy = ports.settings.policy
    spacing = seconds(policy.proof_spacing_seconds)
    first = attempt.look
    if first is None or set(first.instance_ids) != set(seen.instance_ids):
        noted = msgspec.structs.replace(attempt, look=seen, doubt=None)
        keep(ports, session, later(ports, with_attempt(session, noted), spacing))
        return
    try:
        proof = prove(attempt.offer.provider, session.tag, first, seen, spacing)
    except NotProven:
        keep(ports, session, later(ports, session, max(0, first.at + spacing - ports.clock.now())))
        return
    closed = msgspec.structs.replace(attempt, stage=Stage.CLOSED, look=seen, doubt=None, proof=proof)
    proven = with_attempt(session, closed)
    if attempt.called_at is not None and not attempt.answered and not attempt.instance_ids:
        tell_closed(ports, session, closed)  # first: it is told once, however often this is tried
    if session.status is Status.TERMINATING:
        _over(ports, session, *rules.finish(proven, proof, ports.clock.now()))
    else:
        keep(ports, session, later(ports, proven, 0))


def _finish(ports: Ports, session: Session) -> None:
    """The last attempt is closed: its proof, or that of the last attempt which sent a create, ends the session."""
    proofs = [attempt.proof for attempt in session.attempts if attempt.proof is not None]
    _over(ports, session, *rules.finish(session, proofs[-1], ports.clock.now()))


def _over(ports: Ports, before: Session, after: Session, event: Event) -> None:
    """Final; the bill follows at once if it can, else by the next accrual."""
    final = keep(ports, before, after, event)
    try:
        settle(ports, final)
    except ShopperError as error:
        log.warning("session %s: not settled yet: %s", final.id, error, extra={"session": final.id})
