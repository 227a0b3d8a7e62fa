"""Hold the provider's complete list against the table, and act on the difference by the rules."""

import logging

import msgspec

from chalicelib.domain.alert import Alert, Kind, orphan_stuck
from chalicelib.domain.diff import Findings, Memory, Orphan, Sighting, accounted_for, braked, compare
from chalicelib.domain.errors import ProviderAuth, ProviderError, Stale
from chalicelib.domain.instance import Absent
from chalicelib.domain.instant import DAY, HOUR
from chalicelib.domain.policy import Policy
from chalicelib.domain.session import EndReason, Session
from chalicelib.ports import Ports
from chalicelib.usecases import lifecycle
from chalicelib.usecases.alerting import tell, tell_of
from chalicelib.usecases.balancing import check_balance
from chalicelib.usecases.destroying import destroy
from chalicelib.usecases.metering import noted
from chalicelib.usecases.observing import listing, passed, provider_named
from chalicelib.usecases.tallying import Tally

log = logging.getLogger(__name__)

ORPHANS, LOST = "orphans", "lost"


def reconcile(ports: Ports, name: str, memory: Memory | None = None) -> Findings | None:
    """One pass over one provider; None when it could not be seen whole, or an overlapping pass was faster.
    `memory`: what the last pass left, if it was read just now.

    1. The provider's complete list.  2. Then the table, so that a machine being created has its row.
    3. The difference, a pure rule.  4. What must be remembered is stored first: who loses that write does nothing.
    5. The brake.  6. Orphans are destroyed, sessions whose machine is gone or wrong begin to end.
    """
    tally = Tally(ports, name)
    try:
        found = listing(ports, name)
    except ProviderError as error:
        log.error("reconcile %s: not seen whole, nothing changed: %s", name, error, extra={"provider": name})
        if isinstance(error, ProviderAuth):
            detail = f"{name} refuses our credentials: creates are refused, machines there cannot be ended by us"
            _tell(ports, Kind.PROVIDER_AUTH, f"auth:{name}:{ports.clock.now() // DAY}", detail, name)
        tally.count_all()
        tally.tell_stuck()
        return None
    policy = ports.settings.policy
    memory = memory or ports.health.memory(name)
    live = noted(ports, found, tally.live())
    findings = compare(found, live, memory, ports.settings.deployment, ports.secrets.signing_keys, policy)
    frozen = _frozen(findings, policy)
    if ORPHANS not in frozen:  # those under the brake are told of by themselves
        tally.destroys_since += [findings.memory.strays[one.instance.id].since for one in findings.orphans]
    tally.tell_stuck()
    for other in sorted(tally.abandoned):
        detail = f"sessions live at {other}, which is not configured any more: nobody can end their machines"
        _tell(ports, Kind.PROVIDER_AUTH, f"auth:{other}:{ports.clock.now() // DAY}", detail, other)
    passed(ports, name, min(tally.destroys_since, default=None), check_balance(ports, name, tally.burn))
    try:
        ports.health.save_memory(msgspec.structs.replace(findings.memory, frozen=frozen))
    except Stale:
        log.info("reconcile %s: another pass was faster", name, extra={"provider": name})
        return None
    _report(ports, name, findings, frozen)
    if not policy.reconcile_dry_run:
        _act(ports, name, findings, frozen)
    ports.metrics.count("ReconcileCompleted", 1, provider=name)
    return findings


def _act(ports: Ports, name: str, findings: Findings, frozen: tuple[str, ...]) -> None:
    if ORPHANS not in frozen:
        for orphan in findings.orphans:
            _end_orphan(ports, name, orphan, findings.memory.strays[orphan.instance.id])
    if LOST not in frozen:
        for session in findings.ghosts:
            _end_ghost(ports, name, session)
        for case in findings.doomed:
            _end(ports, case.session, case.reason, case.detail)


def _frozen(findings: Findings, policy: Policy) -> tuple[str, ...]:
    """Which rules the mass-destroy brake stops in this pass."""
    lost = len(findings.ghosts) + len(findings.doomed)
    ours = findings.ours + len(findings.memory.missing)
    return tuple(
        rule for rule, count in ((ORPHANS, len(findings.orphans)), (LOST, lost)) if braked(count, ours, policy)
    )


def _end_orphan(ports: Ports, name: str, orphan: Orphan, seen: Sighting) -> None:
    """Asked again by every pass until a complete list no longer shows it. The row itself has the last word:
    the list of live sessions may lag behind it."""
    machine = f"machine {orphan.instance.id} at {name} carries the tag of {orphan.session_id}"
    try:
        session = ports.sessions.get(orphan.session_id)
    except Exception:
        log.exception("%s: its row cannot be read", machine)
        detail = f"{machine}, whose row cannot be read: it is not touched before the janitor finds it past its hard max"
        _tell(ports, Kind.SESSION_UNREADABLE, f"unreadable:{orphan.session_id}", detail, name)
        return
    if session is not None and accounted_for(orphan.instance, session):
        return
    error = destroy(provider_named(ports, name), orphan.instance.id, f"orphan of {orphan.session_id}")
    detail = f"{machine}, which no live session has: {error or 'destroy accepted'}"
    _tell(ports, Kind.ORPHAN_DESTROYED, f"orphan:{orphan.instance.id}", detail, name)
    policy = ports.settings.policy
    asked = seen.lists - policy.orphan_lists + 1
    alert = orphan_stuck(orphan.instance, seen.since, asked, ports.clock.now(), policy)
    if alert is not None:
        tell(ports, alert)


def _end_ghost(ports: Ports, name: str, session: Session) -> None:
    """The lists no longer show it; only the provider's word on this very id makes it lost."""
    instance_id = session.attempt.instance_id if session.attempt else None
    try:
        gone = instance_id is not None and isinstance(provider_named(ports, name).get(instance_id), Absent)
    except ProviderError as error:
        log.warning("session %s: missing, but unclear: %s", session.id, error, extra={"session": session.id})
        return
    if gone:
        _end(ports, session, EndReason.LOST, "the machine is gone from its provider")


def _end(ports: Ports, session: Session, reason: EndReason, detail: str) -> None:
    try:
        lifecycle.end(ports, session, reason, "reconcile", detail)
    except Exception:
        log.exception("session %s: could not be ended", session.id, extra={"session": session.id})
        return
    tell_of(ports, session, Kind.SESSION_LOST, f"lost:{session.id}", f"{session.id}: {detail}")


def _report(ports: Ports, name: str, findings: Findings, frozen: tuple[str, ...]) -> None:
    memory = findings.memory
    for rule in frozen:
        detail = (
            f"{name}: {len(findings.orphans)} orphans, {len(findings.ghosts)} missing: {rule} frozen until looked at"
        )
        _tell(ports, Kind.BRAKE_FROZEN, f"brake:{name}:{rule}:{memory.listed_at // HOUR}", detail, name)
    for session, machine in findings.renamed:
        detail = (
            f"machine {machine.id} of {session.id} at {name} is now named {str(machine.tag)[:80]!r}: it ends with its "
            f"session, but the janitor and `orphans` do not see it before it is named {session.tag} again"
        )
        _tell(ports, Kind.MACHINE_RENAMED, f"renamed:{session.id}:{machine.id}", detail, name)
    for instance in findings.unverified:
        log.warning("machine %s at %s names this deployment but is not ours", instance.id, name)
    counts = findings.ours, len(memory.strays), len(memory.missing)
    log.info("reconcile %s: %d of ours, %d strays, %d missing", name, *counts, extra={"provider": name})
    if ports.settings.policy.reconcile_dry_run:
        _rehearse(name, findings)


def _rehearse(name: str, findings: Findings) -> None:
    """What would be done."""
    would = [f"destroy machine {one.instance.id}, orphan of {one.session_id}" for one in findings.orphans]
    would += [f"end {session.id} as lost, if its machine is gone" for session in findings.ghosts]
    would += [f"end {case.session.id}: {case.detail}" for case in findings.doomed]
    for what in would:
        log.warning("reconcile %s, dry run, would %s", name, what, extra={"provider": name})


def _tell(ports: Ports, kind: Kind, dedupe_id: str, detail: str, name: str) -> None:
    """To operators, about a provider."""
    tell(ports, Alert(dedupe_id=dedupe_id, kind=kind, at=ports.clock.now(), detail=detail, provider=name))
