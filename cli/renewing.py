"""A lease kept alive: renewed three times in its length, for as long as somebody here is at work."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cli.client import Client
from cli.config import Config
from cli.errors import ApiError, CliError, Unreachable
from cli.shapes import Session

RETRY_SECONDS = 5.0  # after an answer that did not come: the lease may have little left


def pace(session: Session) -> float:
    """Seconds between two renewals: two of three may fail and the lease still holds."""
    return (session.get("lease_minutes") or 0.0) * 60 / 3


def keep(client: Client, session: Session, stopped: Callable[[float], bool], told: Callable[[Session], None]) -> None:
    """Renew until `stopped`, which waits so many seconds and tells whether to stop.

    Raises ApiError when it cannot be renewed any more. A service that does not answer is asked again.
    """
    pause = pace(session)
    while not stopped(pause):
        try:
            session = client.renew(session["id"])
        except (Unreachable, ApiError) as error:
            if isinstance(error, ApiError) and error.status < 500 and error.status != 429:
                raise
            pause = min(pace(session), RETRY_SECONDS)
        else:
            pause = pace(session)
            told(session)


@contextmanager
def renewed(config: Config, session: Session) -> Iterator[None]:
    """Its lease, if it has one, holds as long as the block lasts."""
    if not session.get("lease_minutes"):
        yield
        return
    stop = threading.Event()
    client = Client(config.url, config.key, config.no_key)  # its own: one connection is not for two threads
    thread = threading.Thread(target=_quietly, args=(client, session, stop), name="renewing", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()


def _quietly(client: Client, session: Session, stop: threading.Event) -> None:
    """Whoever waits in the foreground meets the session's end, and says so."""
    try:
        keep(client, session, stop.wait, lambda now: None)
    except CliError:
        return
