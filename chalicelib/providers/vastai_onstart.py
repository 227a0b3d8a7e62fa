"""What a Vast.ai container runs at every start: small parts that cannot hinder each other, and the consumer's file."""

import base64
import shlex
from collections.abc import Sequence

from chalicelib import node
from chalicelib.domain.lease import Lease

LONGEST = 4000  # the market's limit is told as 4,048, 4,096 and more: stay below all of them
SCRIPT_VARIABLE = "SHOPPER_ONSTART"
AGENT_VARIABLE = "SHOPPER_AGENT"

ENVIRONMENT = """\
[ -e /root/.shopper-environment ] || env | grep -E '^[A-Z_][A-Z0-9_]*=' | grep -v '^SHOPPER_' >> /etc/environment
touch /root/.shopper-environment"""
"""Logins over SSH do not see the container's variables otherwise."""

_AGENT = f"""\
d={node.FOLDER}
umask 077
mkdir -p $d
{{ printf %s "${AGENT_VARIABLE}" | base64 -d | gzip -dc > $d/agent.new ||
python3 -c "import base64 as b,gzip,os,sys
sys.stdout.buffer.write(gzip.decompress(b.b64decode(os.environ['{AGENT_VARIABLE}'])))" > $d/agent.new
}} && mv $d/agent.new $d/agent.sh
unset {AGENT_VARIABLE}
sh $d/agent.sh start"""
"""An agent of the start before stands in where this one cannot be unpacked."""

_SCRIPT = f"""\
f=/root/.shopper-onstart
umask 077
printf %s "${SCRIPT_VARIABLE}" | base64 -d > $f && chmod 700 $f || exit 1
unset $(env | sed -n "s/^\\(SHOPPER_[A-Z_]*\\)=.*/\\1/p")
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


def agent(lease: Lease, market_url: str) -> tuple[str, dict[str, str]]:
    """(part, variables it needs): the node agent, armed when the part is over. It must be the first."""
    return _AGENT, {AGENT_VARIABLE: node.packed(), **node.environment(lease, "vastai", market_url)}


def script(source: str) -> tuple[str, dict[str, str]]:
    """(part, variables it needs): the consumer's script as a file of its own, in the background.

    It travels in a variable, in base64: it may be longer than `onstart` can be, and no quote in it can end ours.
    """
    return _SCRIPT, {SCRIPT_VARIABLE: base64.b64encode(source.encode()).decode("ascii")}
