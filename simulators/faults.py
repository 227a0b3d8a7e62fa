"""Fault switches: what a fake market does wrong, how often, to whom.

A fault has a `name` from CATALOGUE, a `probability` (1), a `count` of strikes after which it is spent (none: until
cleared), `for_seconds` of simulated time (none: until cleared), a `match` of glob patterns against the facts of the
call (`op, method, path, id, label, gpu`; every pattern given must fit), and `params`, whose defaults stand below.

Wire faults exist for each operation (`create, list, get, destroy, search, other`, or `any`):
`<op>.error`         answer `status` (500) with `body` (plain text); `effect` (false): the call still acts
`<op>.hang`          answer nothing for `seconds` (30, real time), then close; `effect` (false)
`<op>.garbage`       200 with a body that is no JSON; `effect` (true)
`<op>.slow`          answer late by `seconds` (2, real time)
`<op>.rate_limited`  429 in the market's own form, `retry_after` (10)
`any.outage`         everything 503; `mode: close` closes connections instead
`any.auth`           the credentials are not accepted; `form` (the market's own words for its variants)
"""

import random
from fnmatch import fnmatchcase
from typing import Any

import msgspec

OPERATIONS = ("create", "list", "get", "destroy", "search", "other")

WIRE: dict[str, dict[str, Any]] = {
    "error": {"status": 500, "body": "Internal Server Error", "effect": False},
    "hang": {"seconds": 30.0, "effect": False},
    "garbage": {"effect": True},
    "slow": {"seconds": 2.0},
    "rate_limited": {"retry_after": 10},
}

SPECIAL: dict[str, dict[str, Any]] = {
    "any.outage": {"mode": "503"},
    "any.auth": {"form": ""},
    "search.quota": {},  # Vast: 429 search_quota_exceeded until midnight UTC
    "create.refused": {"form": "", "text": ""},  # `form` as the market documents its refusals; nothing is made
    "create.unavailable": {},  # Vast: listed, but the GPU is taken; 410, or a queued contract as cancel_unavail says
    "create.late": {"seconds": 30.0, "hang": 0.0},  # 500 (or a hang, real seconds); made `seconds` later
    "create.unexpected": {"seconds": 0.0, "effect": False},  # TensorDock: "unexpected error during deployment"
    "create.no_id": {},
    "create.false_with_id": {},  # success:false beside the id of a machine that exists
    "create.wrong_label": {"label": ""},
    "create.twice": {},  # two machines, one answer
    "create.no_forwards": {},  # TensorDock: port_forwards are ignored
    "list.empty": {},
    "list.partial": {"hide": 1, "honest": True},  # the newest are missing; honest: the totals still count them
    "list.cut": {},  # the first page says it is the last
    "list.stale": {"seconds": 120.0},
    "list.shape": {"shape": ""},  # 200 with a shape nobody documented, or the one named
    "get.absent": {},
    "destroy.ignored": {},  # success, and it lives on
    "destroy.404": {},  # "no such instance", and it lives on
    "destroy.stops": {},  # success, and it is only stopped
    "destroy.refused": {"text": ""},
    "machine.dud": {},  # never boots
    "machine.bad_image": {"seconds": 420.0},  # loading, then stopped by the market
    "machine.ssh_dead": {"mode": "refuse"},  # runs, but SSH refuses (or accepts and stays silent: `mode: silent`)
    "machine.exits": {"seconds": 5.0},  # this long after boot: exited (Vast), stopped (TensorDock)
    "machine.vanishes": {"seconds": 5.0},  # this long after boot: gone without a trace
    "machine.outbid": {"seconds": 5.0},
    "machine.price": {"seconds": 5.0, "factor": 1.5},
}

CATALOGUE: dict[str, dict[str, Any]] = {
    **{f"{op}.{kind}": params for op in (*OPERATIONS, "any") for kind, params in WIRE.items()},
    **SPECIAL,
}


class UnknownFault(ValueError):
    """No fault of that name, or a parameter it does not have."""


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    """See the module docstring. `until` is worked out when the fault is set."""

    name: str
    probability: float = 1.0
    count: int | None = None
    for_seconds: float | None = None
    match: dict[str, str] = {}
    params: dict[str, Any] = {}
    until: float | None = None
    struck: int = 0


class Faults(msgspec.Struct):
    """The switches that are on."""

    active: list[Fault] = []

    def set(self, fault: Fault, now: float) -> None:
        """Switch one on; several of one name may be on, the earliest that fits strikes. Raises UnknownFault."""
        if fault.name not in CATALOGUE:
            raise UnknownFault(f"unknown fault {fault.name!r}")
        strange = set(fault.params) - set(CATALOGUE[fault.name])
        if strange:
            raise UnknownFault(f"{fault.name} has no parameter {', '.join(sorted(strange))}")
        fault.until = None if fault.for_seconds is None else now + fault.for_seconds
        self.active.append(fault)

    def clear(self, name: str | None = None) -> None:
        """Switch off every fault of this name; None: all of them."""
        self.active = [fault for fault in self.active if name is not None and fault.name != name]

    def strike(self, name: str, dice: random.Random, now: float, facts: dict[str, str]) -> dict[str, Any] | None:
        """The parameters of the fault that strikes now, one strike used up; None when none does."""
        for fault in self.active:
            if fault.name != name or (fault.until is not None and now >= fault.until):
                continue
            if fault.count is not None and fault.struck >= fault.count:
                continue
            if not all(fnmatchcase(facts.get(key, ""), pattern) for key, pattern in fault.match.items()):
                continue
            if fault.probability < 1 and dice.random() >= fault.probability:
                continue
            fault.struck += 1
            return {**CATALOGUE[name], **fault.params}
        return None
