"""What comes from outside, made harmless: numbers finite and in range, text short and printable, hosts by grammar."""

import ipaddress
import math
import re

from chalicelib.domain.words import printable

MOST_PORTS = 256
"""Of one machine: many more than can be asked for, as a market maps others too; what comes after is not read."""

_HOST = re.compile(r"(?=.{1,253}\Z)(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*")


def number(value: object, least: float, most: float) -> float | None:
    """A finite number within the range, also from its text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) and least <= found <= most else None


def whole(value: object, least: int, most: int) -> int | None:
    """A whole number within the range, also from its text; None for anything else."""
    found = number(value, least, most)
    return int(found) if found is not None and found == int(found) else None


def text(value: object, most: int = 200) -> str | None:
    """One trimmed printable line of at most `most` characters; None where nothing is left or it was no string."""
    if not isinstance(value, str):
        return None
    return " ".join(printable(value[: 4 * most]).split())[:most].strip() or None


def host(value: object) -> str | None:
    """A hostname or IP address that can be put into a command line; None for anything else."""
    found = value.strip() if isinstance(value, str) else ""
    if ":" in found or found[-1:].isdigit():  # no other is an address
        try:
            return str(ipaddress.ip_address(found))
        except ValueError:
            pass
    return found if _HOST.fullmatch(found) and not found.isdigit() else None


def port(value: object) -> int | None:
    return whole(value, 1, 65535)
