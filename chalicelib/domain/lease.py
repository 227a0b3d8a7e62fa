"""What the agent on a machine is told: until when the machine may live, and how an answer proves that it is ours.

The node checks a proof with nothing but a sha256 program, so it is no RFC 2104 HMAC but the same idea in text:
`sha256(secret ":" sha256(secret ":" session " " words))`, all in hex. The secret reaches the node inside the create
call and never travels again; the token, which every heartbeat shows, opens nothing else.
"""

import hashlib
import hmac
import ipaddress
import re
from enum import StrEnum
from urllib.parse import urlsplit

import msgspec

from chalicelib.domain.instant import SECOND, Instant, seconds
from chalicelib.domain.policy import Policy

_TOKEN = re.compile(r"ga_([a-z0-9-]{1,64})_([0-9a-f]{64})", re.ASCII)
_SEQUENCE = 12
"""Digits of a beat's number in a mark: marks of one token compare like numbers."""

MOST_BEATS = 10**_SEQUENCE - 1


class Mode(StrEnum):
    FULL = "full"  # timer and heartbeats
    TIMER_ONLY = "timer_only"  # no machine out there could reach us: it dies on time, and tells us nothing


class OnDisconnect(StrEnum):
    """What the machine does when it has not reached us for long."""

    DESTROY = "destroy"
    KEEP = "keep"


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """What one create call carries for the agent."""

    session: str
    granted_at: Instant
    deadline: Instant
    limit: Instant
    """Beyond this no answer moves the deadline, unless it proves that an operator moved the limit itself."""
    token: str
    secret: str
    url: str | None
    """Where heartbeats go; None: nowhere, the timer works alone."""
    beat_seconds: float
    silence_seconds: float
    """Without an answer for so long it ends itself; 0: never for that reason."""

    def __repr__(self) -> str:
        return f"Lease(session={self.session!r}, deadline={self.deadline})"


def deadline(expires_at: Instant, hard_max_at: Instant, policy: Policy) -> Instant:
    """When the machine ends itself: after everybody else had their chance."""
    return min(expires_at, hard_max_at) + seconds(policy.agent_deadline_grace_seconds)


def token(session_id: str, entropy: bytes) -> tuple[str, str]:
    """(the token that names its session, the secret half of it)."""
    if len(entropy) != 32:
        raise ValueError("a token takes 32 random bytes")
    return f"ga_{session_id}_{entropy.hex()}", entropy.hex()


def parse(presented: str) -> tuple[str, str] | None:
    """(session id, secret half) of something in the form of a token."""
    match = _TOKEN.fullmatch(presented)
    return (match[1], match[2]) if match else None


def digest(session_id: str, secret_half: str, pepper: bytes) -> str:
    """What is stored of a token."""
    return hmac.new(pepper, f"agent-token:{session_id}:{secret_half}".encode(), hashlib.sha256).hexdigest()


def secret(session_id: str, token_digest: str, pepper: bytes) -> str:
    """What this agent's answers are proven with: made anew when needed, stored nowhere."""
    return hmac.new(pepper, f"agent-answer:{session_id}:{token_digest}".encode(), hashlib.sha256).hexdigest()


def proof(secret: str, session_id: str, words: str) -> str:
    inner = hashlib.sha256(f"{secret}:{session_id} {words}".encode()).hexdigest()
    return hashlib.sha256(f"{secret}:{inner}".encode()).hexdigest()


def words(number: int, deadline: Instant, limit: Instant, now: Instant, end: bool) -> str:
    """What an answer proves: to which beat, deadline, seconds left, limit (Unix seconds), and 1 to end at once.

    The seconds left move the node's own countdown, which no clock can change; being bound to the beat, an answer
    heard by somebody else is worth nothing later.
    """
    left = max(0, deadline - now) // SECOND
    return f"{number} {deadline // SECOND} {left} {limit // SECOND} {int(end)}"


def mark(token_digest: str, number: int) -> str:
    """Which agent a session listens to, and the last beat heard of it: only a later beat is news."""
    return f"{token_digest}:{number:0{_SEQUENCE}d}"


def earlier(mark: str) -> tuple[str, str]:
    """(first, last) of the marks of the same token that come before this one; text compares like the numbers."""
    token, _, number = mark.partition(":")
    return f"{token}:", f"{token}:{max(0, int(number) - 1):0{_SEQUENCE}d}"


def known_token(mark: str | None) -> str | None:
    """The token's digest in a mark."""
    return mark.partition(":")[0] if mark else None


def known_number(mark: str | None) -> int:
    """The number of the last heartbeat in a mark; 0 before the first."""
    return int(mark.partition(":")[2] or 0) if mark else 0


def reachable(url: str) -> bool:
    """Could a machine somewhere on the internet call this? A name without a dot or a private address it could not."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        pass
    return "." in host and not host.endswith((".localhost", ".local", ".internal", ".lan", ".home.arpa"))
