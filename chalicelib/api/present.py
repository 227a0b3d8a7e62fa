"""Our things as the contract writes them: dollars, RFC 3339, null where nothing is known."""

import shlex
from typing import Any

from chalicelib.domain import estimate, tag
from chalicelib.domain.access import Consumer, KeyRecord
from chalicelib.domain.attempt import AbsenceProof, Attempt
from chalicelib.domain.instance import Address
from chalicelib.domain.instant import Instant, rfc3339
from chalicelib.domain.money import to_dollars, to_micros
from chalicelib.domain.offer import Offer, price_parts, price_per_hour
from chalicelib.domain.session import Event, Session
from chalicelib.usecases.browsing import MarketStatus

Json = dict[str, Any]


def session(row: Session, now: Instant) -> Json:
    rented = row.attempt.offer if row.attempt else row.wanted
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
        "running_at": time(row.running_at),
        "expires_at": rfc3339(row.expires_at),
        "hard_max_at": rfc3339(row.hard_max_at),
        "ended_at": time(row.ended_at),
        "ssh": _ssh(row.ssh),
        "cost": {
            "accrued": to_dollars(estimate.accrued(row, now)),
            "reserved": to_dollars(estimate.reserved(row, now)),
        },
        "last_heartbeat_at": time(row.last_heartbeat_at),
        "gpu_util": row.gpu_util,
        "kill_paths": {"control_plane": not row.final, "node_agent": False, "provider": False},
        "attempts": [_attempt(attempt) for attempt in row.attempts],
        "absence_proof": _proof(row.absence_proof),
    }


def event(row: Event) -> Json:
    return {
        "at": rfc3339(row.at),
        "from": row.before,
        "to": row.after,
        "reason": row.reason,
        "detail": row.detail,
        "actor": row.actor,
    }


def offer(row: Offer, disk_gb: int) -> Json:
    """Priced with `disk_gb` of disk."""
    vram = row.vram_gb
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
        "price": {part: to_dollars(amount) for part, amount in price_parts(row, disk_gb).items()},
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


def market(row: MarketStatus) -> Json:
    return {
        "status": row.status,
        "fetched_at": time(row.fetched_at),
        "age_seconds": row.age_seconds,
        "offers": row.offers,
        "error": row.error,
    }


def consumer(row: Consumer) -> Json:
    return {
        "id": row.id,
        "role": row.role,
        "max_sessions": row.max_sessions,
        "max_price_per_hour": to_dollars(row.max_price_per_hour),
        "status": "active" if row.active else "disabled",
        "created_at": rfc3339(row.created_at),
        "sessions": row.sessions,
        "committed_per_hour": to_dollars(row.committed_per_hour),
    }


def key(row: KeyRecord) -> Json:
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


def _ssh(address: Address | None) -> Json | None:
    if address is None:
        return None
    # The host is a stranger's word and the command will be pasted into a shell.
    command = f"ssh -p {address.port} {shlex.quote(f'{address.user}@{address.host}')}"
    return {"host": address.host, "port": address.port, "user": address.user, "command": command}


def _attempt(row: Attempt) -> Json:
    return {"offer_id": row.offer.id, "outcome": row.outcome, "detail": row.detail, "at": rfc3339(row.at)}


def _proof(proof: AbsenceProof | None) -> Json | None:
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
