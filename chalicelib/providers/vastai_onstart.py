"""What a Vast.ai container runs at every start: small parts that cannot hinder each other, and the consumer's file."""

import base64
import shlex
from collections.abc import Sequence

LONGEST = 4000  # the market's limit is told as 4,048, 4,096 and more: stay below all of them
SCRIPT_VARIABLE = "SHOPPER_ONSTART"

ENVIRONMENT = """\
[ -e /root/.shopper-environment ] || env | grep -E '^[A-Z_][A-Z0-9_]*=' | grep -v '^SHOPPER_' >> /etc/environment
touch /root/.shopper-environment"""
"""Logins over SSH do not see the container's variables otherwise."""

_SCRIPT = f"""\
f=/root/.shopper-onstart
umask 077
printf %s "${SCRIPT_VARIABLE}" | base64 -d > $f && chmod 700 $f || exit 1
unset {SCRIPT_VARIABLE}
cd /root
if [ "$(head -c 2 $f)" = '#!' ]; then set -- $f
elif command -v bash > /dev/null; then set -- bash $f
else set -- sh $f; fi
nohup "$@" > /root/onstart.log 2>&1 < /dev/null &"""


def onstart(parts: Sequence[str]) -> str:
    """One POSIX shell text; each part runs in a shell of its own, in order, whatever became of those before it."""
    return "\n".join(["#!/bin/sh", *(f"(\n{part}\n) || true" for part in parts), ""])


def ssh_key(public_key: str) -> str:
    """The part that lets the key in; repeated starts add it once. No tmux around logins: `ssh host command` works."""
    return f"""\
k={shlex.quote(public_key)}
umask 077
mkdir -p /root/.ssh
touch /root/.ssh/authorized_keys /root/.no_auto_tmux
grep -qxF "$k" /root/.ssh/authorized_keys || printf '\\n%s\\n' "$k" >> /root/.ssh/authorized_keys
chmod 700 /root/.ssh
chmod 600 /root/.ssh/authorized_keys"""


def script(source: str) -> tuple[str, dict[str, str]]:
    """(part, variables it needs): the consumer's script as a file of its own, in the background.

    It travels in a variable, in base64: it may be longer than `onstart` can be, and no quote in it can end ours.
    """
    return _SCRIPT, {SCRIPT_VARIABLE: base64.b64encode(source.encode()).decode("ascii")}
