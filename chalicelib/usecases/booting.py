"""From "created" to "SSH answers": watch a booting machine, and give it up by the rules."""

import logging

import msgspec

from chalicelib.domain import session as rules
from chalicelib.domain.attempt import Attempt
from chalicelib.domain.destroy import pause
from chalicelib.domain.errors import ListIncomplete, ProviderAuth, ProviderBusy, ProviderDown, ProviderError
from chalicelib.domain.instance import Absent, Address, Instance, Phase
from chalicelib.domain.instant import seconds
from chalicelib.domain.launch import boot_pause, failure, opened, ssh_pause
from chalicelib.domain.metering import read, rejoined, told
from chalicelib.domain.offer import FORWARDED, Offer
from chalicelib.domain.session import Session
from chalicelib.ports import Ports
from chalicelib.usecases.destroying import destroy
from chalicelib.usecases.failing import fail, with_attempt
from chalicelib.usecases.keeping import keep, later
from chalicelib.usecases.observing import listing, provider_named

log = logging.getLogger(__name__)


def advance(ports: Ports, session: Session, attempt: Attempt) -> None:
    """One look at the machine.

    1. Twins under the same tag are remembered and destroyed.  2. Gone, wrong, dearer, dead or too late:
    the attempt has failed.  3. Our key goes in.  4. Running and SSH answers: the session runs.
    """
    policy = ports.settings.policy
    try:
        machine, attempt, whole = _look(ports, session, attempt)
    except (ProviderDown, ProviderBusy) as error:
        if ports.clock.now() < attempt.deadline_at:
            raise
        # A market that cannot be read may well take a destroy; and nobody waits longer for one that tells nothing.
        detail = f"not usable in time, and cannot be looked at: {error}"
        fail(ports, session, attempt.ended(ports.clock.now(), "timed_out", detail))
        return
    now = ports.clock.now()
    called_at = attempt.called_at or attempt.at
    if machine is None and whole and now - called_at >= seconds(policy.appear_seconds):
        fail(ports, session, attempt.ended(now, "vanished", "the provider does not know the machine (any more)"))
        return
    lost = failure(attempt, machine, session.agreed_per_hour, now, policy) if machine else None
    if lost is not None:
        fail(ports, session, attempt.ended(now, *lost))
        return
    address = None
    if machine is not None:
        attempt = _attach_key(ports, session, attempt)
        address = _answering(ports, machine, attempt.offer)
    if machine is not None and address is not None:
        up = msgspec.structs.replace(attempt, outcome="running", detail=None, at=now)
        ready = msgspec.structs.replace(
            with_attempt(session, up),
            price_per_hour=machine.price_per_hour or session.price_per_hour,
            ports=opened(session, machine, address),
        )
        keep(ports, session, *rules.run(ready, address, now))
        return
    if now >= attempt.deadline_at:
        detail = f"not usable in time; the provider last said {machine.status if machine else 'nothing'}"
        fail(ports, session, attempt.ended(now, "timed_out", detail))
        return
    up_but_deaf = machine is not None and machine.phase is Phase.RUNNING and bool(machine.addresses)
    wait = ssh_pause(policy) if up_but_deaf else boot_pause(called_at, now, policy)
    said = (machine.message or machine.status) if machine else "not listed yet"
    waiting = msgspec.structs.replace(attempt, detail=said)
    after = msgspec.structs.replace(with_attempt(session, waiting), status_reason=said)
    keep(ports, session, later(ports, after, wait))


def _look(ports: Ports, session: Session, attempt: Attempt) -> tuple[Instance | None, Attempt, bool]:
    """Our machine as the provider sees it (None: nowhere), the attempt with every twin remembered, and whether the
    account was seen whole.

    An unreadable list is no evidence, and no reason to keep a tenant waiting: then the machine is asked for by id.
    Not found so, it is only not found: one answer alone has been wrong before.
    """
    provider = provider_named(ports, attempt.offer.provider)
    main = attempt.instance_id
    machine: Instance | None = None
    whole = True
    try:
        listed = listing(ports, attempt.offer.provider)
    except ListIncomplete as error:
        log.warning("session %s: %s", session.id, error, extra={"session": session.id})
        whole = False
    else:
        tagged = listed.tagged(session.tag)
        new = (twin.id for twin in tagged if twin.id not in session.earlier_ids)
        attempt = read(rejoined(attempt.knows(*new), tagged, listed.taken_at), listed)
        main = attempt.instance_id
        machine = next((one for one in listed.instances if one.id == main), None)  # whatever its label says
        attempt = _destroy_twins(ports, session, attempt, [twin.id for twin in tagged if twin.id != main])
    if main is not None and (machine is None or (machine.phase is Phase.RUNNING and not machine.addresses)):
        found = provider.get(main)
        machine = None if isinstance(found, Absent) else found
        attempt = told(attempt, [machine] if machine is not None else [], ports.clock.now())
    if machine is not None:
        attempt = msgspec.structs.replace(attempt, appeared=True)
    return machine, attempt, whole


def _destroy_twins(ports: Ports, session: Session, attempt: Attempt, twins: list[str]) -> Attempt:
    """Ask at the pace of every destroy, however often the booting machine is looked at."""
    now = ports.clock.now()
    if not twins or (attempt.destroy_due_at is not None and now < attempt.destroy_due_at):
        return attempt
    for twin in twins:
        destroy(provider_named(ports, attempt.offer.provider), twin, f"twin of the machine of session {session.id}")
    calls = attempt.destroy_calls + 1
    due = now + pause(calls, session.id, ports.settings.policy)
    return msgspec.structs.replace(attempt, destroy_calls=calls, destroy_due_at=due)


def _attach_key(ports: Ports, session: Session, attempt: Attempt) -> Attempt:
    """Best effort: the create carries the key too, so a market that is slow to take it delays nobody."""
    if attempt.key_attached or attempt.instance_id is None:
        return attempt
    try:
        provider_named(ports, attempt.offer.provider).attach_key(attempt.instance_id, session.order.ssh_public_key)
    except ProviderAuth:
        raise
    except ProviderError as error:
        log.info("session %s: key not attached yet: %s", session.id, error, extra={"session": session.id})
        return attempt
    return msgspec.structs.replace(attempt, key_attached=True)


def _answering(ports: Ports, machine: Instance, offer: Offer) -> Address | None:
    """Where the order was a forward, the host's own port 22 is not the machine's, whoever answers there."""
    if machine.phase is not Phase.RUNNING:
        return None
    near = ports.settings.near(machine.provider)
    doors = [at for at in machine.addresses if not (at.guessed and offer.network == FORWARDED)]
    return next((at for at in doors if ports.ssh.answers(at.host, at.port, near=near)), None)
