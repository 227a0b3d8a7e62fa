"""Offers and sessions as the service answers them."""

from typing import Any

SESSION_ID = "local-01k7x5e3zq8r2m4n6p8s0t2v4w-ab12cd34"
OTHER_ID = "local-01k7x5e3zq8r2m4n6p8s0t2v4x-ef56gh78"
TENSORDOCK_ID = "tensordock:1a779525-4c04-4f2c-aa45-58b47d54bb38:geforcertx4090-pcie-24gb"
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHAiXgPz5hLJBiqOGDZS0ORBCVGrqXkUKLHkKCIyT8sC"


def offer(offer_id: str = "vastai:101", price: float = 0.35, **fields: Any) -> dict[str, Any]:
    return {
        "id": offer_id,
        "provider": offer_id.partition(":")[0],
        "gpu": "RTX 4090",
        "gpu_count": 1,
        "vram_gb": 24.0,
        "price_per_hour": price,
        "price": {"gpu": price, "disk": 0.0, "cpu_ram": 0.0},
        "spot": False,
        "region": "Sweden",
        "country": "SE",
        "reliability": 0.9954,
        "verified": True,
        "cuda_version": 12.4,
        **fields,
    }


def session(status: str = "pending", session_id: str = SESSION_ID, **fields: Any) -> dict[str, Any]:
    usable = status == "running"
    return {
        "id": session_id,
        "consumer": "alice",
        "status": status,
        "status_reason": None,
        "end_reason": None,
        "provider": "vastai",
        "provider_instance_id": "7001" if usable else None,
        "tag": f"shopper-{session_id}",
        "offer": offer(),
        "gpu": "RTX 4090",
        "gpu_count": 1,
        "price_per_hour": 0.35,
        "hours": 1.0,
        "disk_gb": 40,
        "created_at": "2026-03-01T10:00:00Z",
        "state_entered_at": "2026-03-01T10:01:12Z",
        "running_at": "2026-03-01T10:01:12Z" if usable else None,
        "expires_at": "2026-03-01T11:00:00Z",
        "hard_max_at": "2026-03-01T22:00:00Z",
        "ended_at": None,
        "ssh": address() if usable else None,
        "cost": {"accrued": 0.01, "reserved": 0.34},
        "last_heartbeat_at": None,
        "gpu_util": None,
        "kill_paths": {"control_plane": True, "node_agent": False, "provider": False},
        "attempts": [{"offer_id": "vastai:101", "outcome": "launching", "detail": None, "at": "2026-03-01T10:00:01Z"}],
        "absence_proof": None,
        **fields,
    }


def address(host: str = "203.0.113.7", port: int = 41234, user: str = "root") -> dict[str, Any]:
    return {"host": host, "port": port, "user": user, "command": f"ssh -p {port} {user}@{host}"}


def ended(status: str = "terminated", reason: str = "deleted", **fields: Any) -> dict[str, Any]:
    return session(
        status,
        **{
            "end_reason": reason,
            "status_reason": reason,
            "ended_at": "2026-03-01T10:30:11Z",
            "absence_proof": {
                "provider": "vastai",
                "tag": f"shopper-{SESSION_ID}",
                "instance_ids": ["7001"],
                "looks": [
                    {"at": "2026-03-01T10:30:05Z", "instance_ids": ["7001"], "machines_listed": 3},
                    {"at": "2026-03-01T10:30:11Z", "instance_ids": ["7001"], "machines_listed": 2},
                ],
            },
            **fields,
        },
    )


def event(at: str, before: str | None, after: str, reason: str, **fields: Any) -> dict[str, Any]:
    moment = f"2026-03-01T{at}Z"
    return {"at": moment, "from": before, "to": after, "reason": reason, "detail": None, "actor": "service", **fields}
