"""Ids as people give them: the end of a session's id, or an offer's id with … in the middle, as tables show them."""

import re

from cli.client import Client
from cli.errors import CliError, UsageError
from cli.shapes import Session

SHORT = 8  # characters: the random end of a session's id
LEAST = 4  # of its end, to be looked for at all
_WHOLE = re.compile(r"[a-z0-9]{1,8}-[0-9a-z]{26}-[0-9a-z]{8}")
_RECENT = 100  # ended sessions that are searched too


def short(session_id: str) -> str:
    return session_id[-SHORT:]


def place(session: Session) -> str:
    """The offer it is rented from, or as much of it as is known."""
    offer = session.get("offer")
    return (offer["id"] if offer else session.get("provider")) or "-"


def ending(text: str) -> str | None:
    """What was given, as ids are spelled; None for too little of one, and for what no id ends in."""
    wanted = text.strip().lower().removeprefix("shopper-")
    return wanted if re.fullmatch(rf"[0-9a-z-]{{{LEAST},}}", wanted) else None


def session(client: Client, text: str) -> str:
    """The whole id. Only an unambiguous end counts: all ids of a deployment begin alike."""
    wanted = ending(text)
    if wanted is None:
        raise UsageError(f"{text!r} is no session id", f"give the whole id, or its last {LEAST} characters or more")
    if _WHOLE.fullmatch(wanted):
        return wanted
    for query, limit in ({"status": "active"}, None), ({}, _RECENT):
        found = [one["id"] for one in client.sessions(query, limit) if one["id"].endswith(wanted)]
        if len(found) == 1:
            return found[0]
        if found:
            raise CliError(f"{text!r} could be {' or '.join(found[:4])}", "give more of the id", "ambiguous")
    raise CliError(f"no session of yours ends in {text!r}", "gpu-shopper ls --all lists them", "not_found")


def offer(client: Client, text: str) -> str:
    """The whole id; only one that was shortened costs a look at the inventory."""
    pieces = text.replace("...", "…").split("…")
    if len(pieces) == 1:
        return text
    form = re.compile(".*".join(re.escape(piece) for piece in pieces))
    market, colon, _ = pieces[0].partition(":")
    listed = client.inventory({"provider": market} if colon else {})["offers"]
    found = [one["id"] for one in listed if form.fullmatch(one["id"])]
    if len(found) == 1:
        return found[0]
    if found:
        raise CliError(f"{text!r} could be {' or '.join(found[:4])}", "give the whole id", "ambiguous")
    raise CliError(f"no offer looks like {text!r}", "see what is there now: gpu-shopper inventory", "offer_gone")
