"""Which markets can be asked about by name."""

from collections.abc import Iterable

from chalicelib.domain.errors import invalid
from chalicelib.ports import Ports
from chalicelib.settings import MARKETS


def markets(ports: Ports, asked: Iterable[str] = ()) -> tuple[str, ...]:
    """All of them, configured or not. Raises Refusal 400 naming `provider` for one asked about that is none."""
    known = tuple(dict.fromkeys((*MARKETS, *ports.providers)))
    for name in asked:
        if name not in known:
            raise invalid("provider", f"{name!r} is none of {', '.join(known)}")
    return known
