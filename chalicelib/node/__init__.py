"""What is handed out to a rented machine: the agent script, and what it is told in the create call.

Pure: an adapter puts these into its call by the means its market has.
"""

import base64
import gzip
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from chalicelib.domain.instant import SECOND
from chalicelib.domain.lease import Lease

PREFIX = "SHOPPER_"
"""Of every variable of ours; no consumer's variable may begin so."""

FOLDER = "/var/lib/gpu-shopper"
"""Where the agent lives on the machine, with its state and its log: root's alone."""


@cache
def script() -> str:
    """agent.sh, as it is served and as it is carried."""
    return Path(__file__).with_name("agent.sh").read_text("utf-8")


@cache
def packed() -> str:
    """The script, gzipped, in base64: `base64 -d | gzip -dc` unpacks it. Always the same text."""
    return base64.b64encode(gzip.compress(script().encode(), mtime=0)).decode("ascii")


def environment(lease: Lease, market: str, market_url: str | None = None) -> Mapping[str, str]:
    """The agent's variables; plain words, none with a quote or a space in it.

    `market_url`: where the machine deletes itself, for a market that gives it a key for that.
    """
    told = {
        "SESSION": lease.session,
        "DEADLINE": f"{lease.deadline // SECOND}",
        "COUNTDOWN": f"{(lease.deadline - lease.granted_at) // SECOND}",
        "LIMIT": f"{lease.limit // SECOND}",
        "MARKET": market,
        "MARKET_URL": market_url,
    }
    if lease.url is not None:
        told |= {
            "URL": lease.url,
            "TOKEN": lease.token,
            "SECRET": lease.secret,
            "BEAT": f"{max(1, round(lease.beat_seconds))}",
            "SILENCE": f"{round(lease.silence_seconds)}",
        }
    return {PREFIX + name: value for name, value in told.items() if value is not None}
