"""What goes wrong in a drill: each fault, where it strikes, and what must have become of it."""

from dataclasses import dataclass, field
from typing import Any

# Windows of minutes become seconds, so that what takes half an hour in earnest is over while one looks on.
SHORT = {
    "SHOPPER_TICK_SECONDS": "1",
    "SHOPPER_CREATE_IN_FLIGHT_SECONDS": "6",
    "SHOPPER_AMBIGUOUS_CLOSE_SECONDS": "15",
    "SHOPPER_APPEAR_SECONDS": "6",
    "SHOPPER_LOST_CREATE_LOOK_SECONDS": "1",
    "SHOPPER_STEP_LEASE_SECONDS": "4",
    "SHOPPER_STEP_RETRY_SECONDS": "1",
    "SHOPPER_STOPPED_GRACE_SECONDS": "5",
    "SHOPPER_DESTROY_LOOK_SECONDS": "1",
    "SHOPPER_DESTROY_BACKOFF_SECONDS": "2",
    "SHOPPER_DESTROY_BACKOFF_MAX_SECONDS": "5",
    "SHOPPER_PROOF_SPACING_SECONDS": "1",
    "SHOPPER_ORPHAN_GRACE_SECONDS": "8",
    "SHOPPER_GHOST_GRACE_SECONDS": "3",
    "SHOPPER_HTTP_READ_SECONDS": "2",
    "SHOPPER_HTTP_CREATE_SECONDS": "3",
    "SHOPPER_TENSORDOCK_CREATE_SECONDS": "3",
    "SHOPPER_BREAKER_FAILURES": "1000",  # so many failures in a row are meant here
    "SHOPPER_BREAKER_CALLS": "1000",
}
BOOT_SECONDS = 1.5


@dataclass(frozen=True)
class Case:
    """One fault, of the market `market`, that one session meets."""

    name: str
    fault: str
    market: str = "vastai"
    count: int = 1
    params: dict[str, Any] = field(default_factory=dict)
    ends: str = "running"
    """For a create: what the session must become."""


CREATES = (
    Case("create: answered 500, the machine made", "create.error", params={"effect": True}),
    Case("create: no answer at all, the machine made", "create.hang", params={"seconds": 5.0, "effect": True}),
    Case("create: answered 500, the machine made 6 s later", "create.late", params={"seconds": 6.0}),
    Case("create: success without an id", "create.no_id"),
    Case("create: success:false beside a contract", "create.false_with_id", ends="failed"),
    Case("create: one call, two machines", "create.twice"),
    Case("create: 'unexpected error', the machine made", "create.unexpected", "tensordock", params={"effect": True}),
)

ENDS = (
    Case("destroy: says yes, does nothing, three times", "destroy.ignored", count=3),
    Case("destroy: 'no such instance', and it lives on", "destroy.404", count=2),
    Case("destroy: stops the machine, which bills on", "destroy.stops", count=2),
    Case("destroy: answered 500 three times", "destroy.error", count=3),
    Case("destroy: no answer at all", "destroy.hang", params={"seconds": 4.0}),
    Case("destroy: refused for now", "destroy.refused", count=2),
    Case("destroy: done, and the read denies it ever was", "get.absent", count=2),
)

# In the air when everything is killed, the markets too: one machine was just made, of the other nobody has heard.
PLUGGED = (
    Case("kill -9 between the machine and its answer", "create.hang", params={"seconds": 2.5, "effect": True}),
    Case("kill -9 before the market got to it", "create.slow", "tensordock", params={"seconds": 2.5}, ends="failed"),
)

SHORT_CREATES = tuple(case for case in CREATES if case.fault in ("create.error", "create.false_with_id"))
SHORT_ENDS = tuple(case for case in ENDS if case.fault == "destroy.ignored")
