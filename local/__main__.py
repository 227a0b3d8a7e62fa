"""`make run`: checks what can be checked, then starts the local cloud and the service, and stays in front of them."""

import argparse
import os
import socket
import sys
import time
from pathlib import Path

from chalicelib import log, settings
from chalicelib.settings import SettingsError
from local import backends
from local.children import HOST
from local.datadir import DataDir
from local.supervisor import Supervisor
from local.tether import tie_to

# One that was just killed takes a moment to be gone: its children, its port, its hold on the data directory.
PREDECESSOR_SECONDS = 3.0


def main() -> int:
    """0 stopped on demand, 1 could not start or go on, 2 the environment will not do."""
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("--tied-to", type=int, metavar="PID", help="end at once when this parent process ends")
    parent = parser.parse_args().tied_to
    if parent:
        tie_to(parent)
    try:
        env = settings.merged(os.environ, Path(".env"))
        chosen = settings.load(env)
        for line in settings.misspelt(env):
            print(f"!! {line}", file=sys.stderr)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    log.configure(chosen)
    try:
        data = DataDir(chosen.data_dir)
    except OSError as error:
        print(f"SHOPPER_DATA_DIR: {chosen.data_dir!r} cannot be a folder: {error.strerror}", file=sys.stderr)
        return 2
    if not data.hold(PREDECESSOR_SECONDS):
        print(f"already running on {data.path} (process {data.holder()})", file=sys.stderr)
        return 1
    if not _port_is_free(chosen.port):
        print(f"port {chosen.port} is in use: stop what listens there, or choose another with PORT=", file=sys.stderr)
        return 1
    parts = backends.plan(env, data)
    service = backends.service({**env, **parts.note.env}, chosen.port)
    return Supervisor(parts, service, data).run()


def _port_is_free(port: int) -> bool:
    deadline = time.monotonic() + PREDECESSOR_SECONDS
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                if time.monotonic() > deadline:
                    return False
            else:
                return True
        time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main())
