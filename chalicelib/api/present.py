"""Our things as the contract writes them: dollars, RFC 3339, null where nothing is known."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from chalicelib.domain import ledger, tag
from chalicelib.domain.access import Consumer, KeyRecord
from chalicelib.domain.attempt import AbsenceProof, Attempt
from chalicelib.domain.budget import left
from chalicelib.domain.heartbeat import agent_deadline, idle_for, is_armed, is_silent, told_deadline
from chalicelib.domain.instance import Address, OpenPort
from chalicelib.domain.instant import SECOND, Instant, rfc3339
from chalicelib.domain.lease import Mode
from chalicelib.domain.money import to_dollars, to_micros
from chalicelib.domain.offer import Offer, price_parts, price_per_hour
from chalicelib.domain.policy import Policy
from chalicelib.domain.session import Event, Session, Status

if TYPE_CHECKING:  # shapes only: at run time these are dictionaries
    from chalicelib.api import answers
    from chalicelib.usecases.browsing import MarketStatus


def session(row: Session, now: Instant, policy: Policy) -> answers.Session:
    rented = row.attempt.offer if row.attempt else row.wanted
    spent = ledger.cost(row, now)
    return {
        "id": row.id,
        "consumer": row.consumer,
        "status": row.status,
        "status_reason": row.status_reason,
        "end_reason": row.end_reason,
        "provider": rented.provider,
        "provider_instance_id": row.attempt.instance_id if row.attempt else None,
        "tag": tag.of(row.id),
        "offer": offer(rented, row.order.disk_gb),
        "gpu": rented.gpu,
        "gpu_count": rented.gpu_count,
        "price_per_hour": to_dollars(row.price_per_hour),
        "workload": row.order.workload,
        "hours": row.hours,
        "disk_gb": row.order.disk_gb,
        "created_at": rfc3339(row.created_at),
        "state_entered_at": rfc3339(row.state_entered_at),
        "running_at": time(row.running_at),
        "expires_at": rfc3339(row.expires_at),
        "hard_max_at": rfc3339(row.hard_max_at),
        "lease_minutes": row.order.lease_minutes,
        "lease_expires_at": None if row.lease_expires_at is None else rfc3339(row.ends_at),
        "ended_at": time(row.ended_at),
        "ssh": _ssh(row.ssh),
        "ports": None if row.ports is None else [_port(one) for one in row.ports],
        "cost": {
            "accrued": to_dollars(spent),
            "reserved": to_dollars(0 if row.final else left(row.hold, spent)),
        },
        "last_heartbeat_at": time(row.last_heartbeat_at),
        "gpu_util": row.gpu_util,
        "kill_paths": {"control_plane": not row.final, "node_agent": is_armed(row, now, policy), "provider": False},
        "agent": _agent(row, now, policy),
        "attempts": [_attempt(attempt) for attempt in row.attempts],
        "absence_proof": _proof(row.absence_proof),
    }


def event(row: Event) -> answers.Event:
    return {
        "at": rfc3339(row.at),
        "from": row.before,
        "to": row.after,
        "reason": row.reason,
        "detail": row.detail,
        "actor": row.actor,
    }


def offer(row: Offer, disk_gb: int) -> answers.Offer:
    """Priced with `disk_gb` of disk."""
    vram = row.vram_gb
    parts = price_parts(row, disk_gb)
    return {
        "id": row.id,
        "provider": row.provider,
        "provider_offer_id": row.provider_offer_id,
        "machine_id": row.machine_id,
        "gpu": row.gpu,
        "gpu_count": row.gpu_count,
        "vram_gb": vram,
        "total_vram_gb": None if vram is None else vram * row.gpu_count,
        "price_per_hour": to_dollars(price_per_hour(row, disk_gb)),
        "price": {
            "gpu": to_dollars(parts["gpu"]),
            "disk": to_dollars(parts["disk"]),
            "cpu_ram": to_dollars(parts["cpu_ram"]),
        },
        "spot": row.spot,
        "min_bid": _dollars(row.min_bid),
        "region": row.region,
        "country": row.country,
        "reliability": row.reliability,
        "verified": row.verified,
        "cuda_version": row.cuda_version,
        "driver_version": row.driver_version,
        "cpu_cores": row.cpu_cores,
        "ram_gb": row.ram_gb,
        "max_disk_gb": row.max_disk_gb,
        "inet_down_mbps": row.inet_down_mbps,
        "inet_up_mbps": row.inet_up_mbps,
        "inet_down_cost_per_gb": _dollars(row.inet_down_cost_per_gb),
        "inet_up_cost_per_gb": _dollars(row.inet_up_cost_per_gb),
        "max_hours": row.max_hours,
        "tflops": row.tflops,
        "fetched_at": rfc3339(row.fetched_at),
    }


def market(row: MarketStatus) -> answers.Market:
    return {
        "status": row.status,
        "fetched_at": time(row.fetched_at),
        "age_seconds": row.age_seconds,
        "offers": row.offers,
        "error": row.error,
    }


def consumer(row: Consumer) -> answers.Consumer:
    return {
        "id": row.id,
        "role": row.role,
        "max_sessions": row.max_sessions,
        "max_price_per_hour": to_dollars(row.max_price_per_hour),
        "status": "active" if row.active else "disabled",
        "created_at": rfc3339(row.created_at),
        "sessions": row.sessions,
        "committed_per_hour": to_dollars(row.committed_per_hour),
        "has_budget": row.budget is not None,
    }


def key(row: KeyRecord) -> answers.Key:
    """Without its digest: that is half of a secret."""
    return {
        "key_id": row.id,
        "created_at": rfc3339(row.created_at),
        "last_used_at": time(row.last_used_at),
        "revoked_at": time(row.revoked_at),
    }


def time(moment: Instant | None) -> str | None:
    return None if moment is None else rfc3339(moment)


def _dollars(amount: float | None) -> float | None:
    return None if amount is None else to_dollars(to_micros(amount))


def _ssh(address: Address | None) -> answers.Ssh | None:
    if address is None:
        return None
    # The host is a stranger's word and the command will be pasted into a shell.
    command = f"ssh -p {address.port} {shlex.quote(f'{address.user}@{address.host}')}"
    return {"host": address.host, "port": address.port, "user": address.user, "command": command}


def _port(row: OpenPort) -> answers.OpenPort:
    return {"port": row.port, "host": row.host, "external_port": row.external_port}


def _agent(row: Session, now: Instant, policy: Policy) -> answers.Agent:
    pulse = row.pulse
    return {
        "mode": row.agent_mode,
        "note": _note(row, now, policy),
        "deadline": time(None if row.agent_mode is None else agent_deadline(row, policy)),
        "timer": None if pulse is None else "armed" if pulse.armed else "off",
        "gpus": pulse.gpus if pulse else None,
        "gpu_util": [*pulse.gpu_util] if pulse else [],
        "gpu_mem_used_mb": [*pulse.gpu_mem_used_mb] if pulse else [],
        "ssh_sessions": pulse.ssh_sessions if pulse else None,
        "uptime_seconds": pulse.uptime_seconds if pulse else None,
        "load": pulse.load if pulse else None,
        "idle_seconds": idle_for(row, policy, now) / SECOND,
    }


def _note(row: Session, now: Instant, policy: Policy) -> str | None:
    """What does not work, the worst of it."""
    pulse = row.pulse
    if row.final or row.agent_mode is None:
        return None
    if row.agent_mode is Mode.TIMER_ONLY:
        return (
            "timer only: a rented machine cannot reach this service, so there are no heartbeats, idle_minutes does "
            "nothing, and it cannot be extended past what its own timer was given (extendable_hours)"
        )
    if pulse is None:
        return "it has not reported: whether its timer runs is not known" if row.status is Status.RUNNING else None
    if is_silent(row, now, policy):
        return "no heartbeat for long: its timer may or may not run"
    if not is_armed(row, now, policy):
        return "it reports, and its timer does not run as it should"
    if agent_deadline(row, policy) < told_deadline(row, policy):
        return "an extension reaches it with its next heartbeats"
    if row.order.idle_minutes and pulse.gpus != "ok":
        return "its GPUs are not seen: idle_minutes does not end it"
    return None


def _attempt(row: Attempt) -> answers.Attempt:
    return {"offer_id": row.offer.id, "outcome": row.outcome, "detail": row.doubt or row.detail, "at": rfc3339(row.at)}


def _proof(proof: AbsenceProof | None) -> answers.AbsenceProof | None:
    if proof is None:
        return None
    return {
        "provider": proof.provider,
        "tag": proof.tag,
        "instance_ids": proof.instance_ids,
        "looks": [
            {"at": rfc3339(look.at), "instance_ids": look.instance_ids, "machines_listed": look.machines_listed}
            for look in proof.looks
        ],
    }
