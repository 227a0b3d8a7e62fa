"""The consumer's environment variables: names and values that no market can read as anything else."""

import re
from collections.abc import Mapping

from chalicelib.domain.errors import invalid

FIELD = "env"
MOST = 64
LONGEST_VALUE = 4096
_NAME = re.compile(r"[A-Z_][A-Z0-9_]{0,63}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

_RESERVED = (
    "SHOPPER_",  # what we tell our own agent on the machine: its deadline and its token
    "VAST_",  # set by the market
    "CONTAINER_",  # set by the market: the machine's id, and the key with which it can end itself
    "SSH_",  # set by sshd for every login, and the market's way to install a key
    "LD_",  # would load a library into every process, the agent's too
    "BASH_FUNC_",  # would redefine commands that the agent calls
)
_RESERVED_NAMES = frozenset({"PATH", "HOME", "IFS", "ENV", "BASH_ENV", "SHELLOPTS", "BASHOPTS"})
"""What a shell obeys before it reads the first line of a script."""


def check(variables: Mapping[str, str]) -> dict[str, str]:
    """The same variables, if all of them may be set. Raises Refusal 400 naming `env.<NAME>`.

    Names are strict because a market reads some keys as options of its own (`-p 70001:70001` opens a port).
    """
    if len(variables) > MOST:
        raise invalid(FIELD, f"at most {MOST} variables")
    for name, value in variables.items():
        if not _NAME.fullmatch(name):
            raise invalid(FIELD, f"{name[:64]!r} is no name for a variable: 1 to 64 of A-Z, 0-9 and _, no digit first")
        if name.startswith(_RESERVED) or name in _RESERVED_NAMES:
            raise invalid(f"{FIELD}.{name}", "this name is reserved")
        if len(value.encode()) > LONGEST_VALUE:
            raise invalid(f"{FIELD}.{name}", f"longer than {LONGEST_VALUE} bytes")
        if _CONTROL.search(value):
            raise invalid(f"{FIELD}.{name}", "no control characters and no line breaks")
    return dict(variables)
