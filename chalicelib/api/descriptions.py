"""What a route's row does not say of it: what it is for, what it answers, and with which codes it refuses."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from chalicelib.api import answers


class Text(NamedTuple):
    """An answer that is no JSON."""

    media_type: str


class Described(NamedTuple):
    tag: str
    summary: str
    answers: Mapping[int, Any]
    """The type of the body, by status."""
    refusals: tuple[str, ...] = ()
    """Codes beside those that the row itself tells of."""
    example: Mapping[str, object] | None = None
    """A body that is let in."""
    detail: str = ""


_SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEPkWcLzCvXmrqVqGSr9VqRM8QkSm3nHZcFh1zYpLkqV ada@laptop"
_BEAT = {"gpu_util": [97], "gpu_mem_used_mb": [40536], "ssh_sessions": 1, "uptime_seconds": 3600, "timer": "armed"}
_RENTING = (
    "private_key", "unknown_consumer", "budget_exceeded", "forbidden", "offer_gone", "idempotency_conflict", "conflict",
    "disk_too_large", "price_above_max", "quota_exceeded", "churn_guard", "creates_blocked",
)  # fmt: skip

ROUTES: Mapping[str, Described] = {
    "GET /health": Described(
        "service", "Is the service well?", {200: answers.Health, 503: answers.Health},
        detail="200 while it works, `ok` or `degraded`; 503 when its own state cannot be read.",
    ),
    "GET /openapi.json": Described("service", "This description", {200: dict[str, Any]}),
    "GET /": Described("page", "The web page", {200: Text("text/html"), 304: None}),
    "GET /docs": Described("page", "This description, to be read", {200: Text("text/html"), 304: None}),
    "GET /dashboard/{name}": Described(
        "page", "A file of the pages",
        {200: (Text("text/css"), Text("text/javascript"), Text("image/svg+xml")), 304: None}, ("not_found",),
    ),
    "GET /me": Described("access", "Whose key is this, and on which terms does it rent?", {200: answers.Me}),
    "GET /inventory": Described(
        "inventory", "What can be rented now, cheapest first", {200: answers.Inventory}, ("invalid_cursor",),
        detail="What an offer does not tell satisfies no filter. `providers` says how old each market's word is.",
    ),
    "GET /inventory/{offer_id}": Described("inventory", "One offer", {200: answers.Offer}, ("offer_gone",)),
    "GET /prices": Described(
        "inventory", "What cards cost lately", {200: answers.PriceList}, ("invalid_cursor",),
        detail="By card and market: the lowest and the median price per GPU and hour among all offers of an hour, with "
        "40 GB of disk, in the last `days` days. An hour in which nobody looked at a market is missing.",
    ),
    "POST /sessions": Described(
        "sessions", "Rent a machine", {202: answers.Session}, _RENTING,
        example={"offer_id": "vastai:12345", "ssh_public_key": _SSH_KEY, "hours": 2, "disk_gb": 40},
        detail="Send exactly one of `offer_id` and `requirements`. The session starts `pending`: read it until it is "
        "`running`. Every refusal comes before any market is called.",
    ),
    "GET /sessions": Described(
        "sessions", "Sessions, newest first", {200: answers.SessionList}, ("invalid_cursor", "forbidden"),
        detail="A consumer sees their own, an operator everyone's.",
    ),
    "GET /sessions/{id}": Described("sessions", "One session", {200: answers.Session}, ("not_found",)),
    "DELETE /sessions/{id}": Described(
        "sessions", "End it", {200: answers.Session, 202: answers.Session}, ("not_found",),
        detail="202 while there is something to end; 200, unchanged, once it has ended.",
    ),
    "GET /sessions/{id}/events": Described(
        "sessions", "Its history", {200: answers.EventList}, ("not_found", "invalid_cursor"),
        detail="One event per transition.",
    ),
    "POST /sessions/{id}/done": Described(
        "sessions", "The work is done: end it", {200: answers.Session, 202: answers.Session}, ("not_found",),
    ),
    "POST /sessions/{id}/extend": Described(
        "sessions", "Let it live longer", {200: answers.Session},
        ("budget_exceeded", "forbidden", "not_found", "not_live", "past_hard_max", "past_agent_deadline", "conflict"),
        example={"hours": 1.5},
        detail="Only an operator's `override` goes past the hard max, and is recorded. A machine that cannot reach the "
        "service (`agent.mode` is `timer_only`) cannot be told of a later end: beyond what it was given when it was "
        "made (`extendable_hours`) nothing is promised.",
    ),
    "POST /sessions/{id}/renew": Described(
        "sessions", "Its owner is still there: renew the lease", {200: answers.Session},
        ("not_found", "not_live", "no_lease", "conflict"),
        detail="`lease_expires_at` is `lease_minutes` from now again, and never past the other ends, which stay. A "
        "session that is not renewed ends as `expired`; a renewal that is late still counts until it has begun to end.",
    ),
    "GET /costs": Described(
        "money", "What was spent, up to this moment", {200: (answers.Costs, Text("text/csv"))},
        ("forbidden", "not_found"),
        detail="A consumer sees their own, an operator everybody's. Without dates: the last thirty days. "
        "With `Accept: text/csv` a table.",
    ),
    "GET /budgets/{consumer}": Described(
        "money", "A consumer's budget, and what is left of it", {200: answers.Budget}, ("not_found", "conflict"),
    ),
    "PUT /budgets/{consumer}": Described(
        "money", "Set a consumer's budget", {200: answers.Budget}, ("not_found", "conflict"),
        example={"period": "month", "limit": 50, "on_exceeded": "block"},
        detail="It acts at once, even when more than that is spent already. `alert` only tells, `block` refuses what "
        "could pass the limit (402 `budget_exceeded`), `terminate` also ends what runs once it is spent.",
    ),
    "GET /alerts": Described(
        "alerts", "Alerts, newest first", {200: answers.AlertList}, ("invalid_cursor", "forbidden"),
    ),
    "POST /alerts/subscriptions": Described(
        "alerts", "Hear of alerts by mail or webhook", {201: answers.Subscription},
        ("forbidden", "unknown_consumer", "subscription_exists", "quota_exceeded", "conflict"),
        example={"protocol": "https", "endpoint": "https://hooks.example.com/gpu"},
        detail="The endpoint is asked to confirm first. An operator who names no consumer hears everything.",
    ),
    "GET /alerts/subscriptions": Described(
        "alerts", "Who hears of alerts", {200: answers.SubscriptionList}, ("invalid_cursor", "forbidden"),
    ),
    "DELETE /alerts/subscriptions/{id}": Described(
        "alerts", "Hear no more", {200: answers.Subscription}, ("not_found",),
    ),
    "POST /consumers": Described(
        "access", "A new consumer", {201: answers.Consumer}, ("consumer_exists",),
        example={"id": "ada", "max_sessions": 5, "max_price_per_hour": 10},
    ),
    "GET /consumers": Described("access", "Consumers", {200: answers.ConsumerList}, ("invalid_cursor",)),
    "PATCH /consumers/{id}": Described(
        "access", "Other limits, another role or status", {200: answers.Consumer},
        ("not_found", "own_consumer", "conflict"), example={"status": "disabled"},
        detail="What is left out stays. The sessions of a consumer who is disabled end.",
    ),
    "POST /consumers/{id}/keys": Described("access", "A new key, shown once", {201: answers.IssuedKey}, ("not_found",)),
    "GET /consumers/{id}/keys": Described(
        "access", "The keys of a consumer", {200: answers.KeyList}, ("not_found", "invalid_cursor"),
    ),
    "DELETE /consumers/{id}/keys/{key_id}": Described(
        "access", "Revoke a key", {200: answers.Key}, ("not_found", "own_key"),
        detail="It holds for nothing from now on.",
    ),
    "POST /agent/heartbeat": Described(
        "agent", "A rented machine reports", {200: answers.Lease}, example=_BEAT,
        detail="The answer tells until when it may live. A beat that is no news changes nothing, and none ever moves a "
        "deadline later.",
    ),
    "GET /agent/agent.sh": Described("agent", "The agent itself", {200: Text("text/x-shellscript")}),
    "POST /sweeps/{name}": Described(
        "service", "Run a scheduled pass soon", {202: answers.Started}, ("unknown_sweep",),
    ),
}  # fmt: skip
