"""Which machines a name on the command line means. Foreign ones are not among those looked at, so none means them."""

from collections.abc import Sequence

from cli.direct.survey import Account, Machine, unseen
from cli.errors import CliError, Unreachable
from cli.lookup import LEAST, ending

_FOREIGN = "a foreign one is never touched here"


def named(text: str, accounts: Sequence[Account]) -> list[Machine]:
    """Those of one machine's name, or of one session's id or an unambiguous end of it.

    An unverified one may be somebody else's: the end of an id is too little to name it. Raises CliError.
    """
    known = [machine for account in accounts for machine in (*account.ours, *account.unverified)]
    end = ending(text)
    whole = [m for m in known if text in (m.name, m.instance.id, m.instance.tag, m.session_id) or m.session_id == end]
    found = [m for m in known if m in whole or (end is not None and m.session_id.endswith(end))]
    if not found:
        missed = unseen(accounts)
        if missed:
            raise Unreachable(f"no machine called {text} was seen, and not all was: {missed}", "try again")
        hint = f"give provider:id, or the last {LEAST} characters or more of a session's id; {_FOREIGN}"
        raise CliError(f"no machine of this deployment is called {text}", hint)
    if len({m.session_id for m in found}) > 1:
        candidates = " or ".join(f"{m.name} of {m.session_id}" for m in found)
        raise CliError(f"{text!r} could be {candidates}", "give more of it, or provider:id", "ambiguous")
    if any(not m.verified and m not in whole for m in found):
        names = " or ".join(m.name for m in found)
        raise CliError(f"what ends in {text!r} is unverified, and may be somebody else's", f"name it whole: {names}")
    return found
