"""From the body of POST /sessions to an order: defaults filled in, and the rules that types cannot say."""

import hashlib
from collections.abc import Collection
from decimal import Decimal

import msgspec

from chalicelib.api.models import RequirementsBody, SessionBody
from chalicelib.domain import image, ssh_key, variables
from chalicelib.domain.errors import invalid
from chalicelib.domain.money import Micros, to_micros
from chalicelib.domain.policy import Policy
from chalicelib.domain.session import Order, Requirements

_ONSTART_LONGEST = 20 * 1024
_SSH_PORT = 22


def order_of(body: SessionBody, policy: Policy, providers: Collection[str]) -> Order:
    """What is ordered. Raises Refusal 400 naming the field."""
    if (body.offer_id is None) == (body.requirements is None):
        raise invalid("offer_id", "exactly one of offer_id and requirements")
    if body.offer_id is not None and not body.offer_id.isprintable():
        raise invalid("offer_id", "not an offer id")
    attempts = 1 if body.requirements is None else policy.max_attempts_default
    return Order(
        offer_id=body.offer_id,
        requirements=None if body.requirements is None else _requirements(body.requirements, providers),
        ssh_public_key=ssh_key.parse(body.ssh_public_key),
        disk_gb=body.disk_gb,
        image=None if body.image is None else image.check(body.image),
        env=variables.check(body.env),
        onstart=_script(body.onstart),
        ports=_ports(body.ports),
        workload=body.workload,
        idle_minutes=body.idle_minutes,
        lease_minutes=_lease(body.lease_minutes, policy),
        on_disconnect=body.on_disconnect,
        extendable_hours=body.extendable_hours,
        max_price=price("max_price", body.max_price),
        max_attempts=attempts if body.max_attempts is None else body.max_attempts,
    )


def hours_of(body: SessionBody, policy: Policy) -> float:
    """For how long. Raises Refusal 400 beyond the hard max."""
    longest = policy.hard_max_seconds / 3600
    hours = policy.default_reservation_seconds / 3600 if body.hours is None else body.hours
    if body.hours is not None and hours > longest:
        raise invalid("hours", f"at most {longest:g}")
    return min(hours, longest)


def fingerprint(body: SessionBody) -> str:
    """The same for the same wish, however the JSON was written."""
    return hashlib.sha256(msgspec.json.encode(body, order="deterministic")).hexdigest()


def price(name: str, dollars: float | None) -> Micros | None:
    """Micro-dollars, exactly. Raises Refusal 400 for more than six decimals."""
    if dollars is None:
        return None
    amount = Decimal(str(dollars))
    if amount != amount.quantize(Decimal("0.000001")):
        raise invalid(name, "at most six decimals")
    return to_micros(amount)


def _lease(minutes: float | None, policy: Policy) -> float | None:
    least = policy.lease_least_seconds / 60
    if minutes is not None and minutes < least:
        raise invalid("lease_minutes", f"at least {least:g}")
    return minutes


def _requirements(body: RequirementsBody, providers: Collection[str]) -> Requirements:
    for name in body.provider:
        if name not in providers:
            known = ", ".join(sorted(providers)) or "none"
            raise invalid("requirements.provider", f"{name!r} is not configured here; configured: {known}")
    return Requirements(
        gpu=_words("gpu", [body.gpu] if isinstance(body.gpu, str) else body.gpu),
        min_vram_gb=body.min_vram_gb,
        gpu_count=body.gpu_count,
        max_price=price("requirements.max_price", body.max_price),
        min_reliability=body.min_reliability,
        country=_words("country", body.country),
        provider=tuple(dict.fromkeys(body.provider)),
        min_cuda=body.min_cuda,
        spot=body.spot,
        verified=body.verified,
    )


def _words(name: str, words: list[str]) -> tuple[str, ...]:
    if not all(word.isprintable() and word.strip() for word in words):
        raise invalid(f"requirements.{name}", "expected printable words")
    return tuple(dict.fromkeys(word.strip() for word in words))


def _script(script: str | None) -> str | None:
    if script is not None and len(script.encode()) > _ONSTART_LONGEST:
        raise invalid("onstart", f"longer than {_ONSTART_LONGEST} bytes")
    if script is not None and "\0" in script:
        raise invalid("onstart", "a script has no NUL characters")
    return script or None


def _ports(ports: list[int]) -> tuple[int, ...]:
    if _SSH_PORT in ports:
        raise invalid("ports", "22 is always open: it is how you get in")
    if len(set(ports)) < len(ports):
        raise invalid("ports", "each port once")
    return tuple(ports)
