"""Watching a session change: one live line on a terminal, one line per change when piped."""

import time
from collections.abc import Callable

from cli.client import Client
from cli.console import Console
from cli.errors import ApiError, CliError, Unreachable
from cli.shapes import Session
from cli.words import clean, elapsed, elide

SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
POLL_SECONDS = 1.0
POLL_LATER_SECONDS = 2.0  # after the first minute nobody counts seconds
PLACE = 42  # columns of the live line: the provider's own words behind it need room too
PATIENCE_SECONDS = 120.0  # without any answer: the session goes on by itself, the watching need not


class Overdue(CliError):
    """The person's own --timeout passed; the session goes on."""


class Watch:
    """Time is handed in, so that tests need none of it."""

    def __init__(
        self,
        client: Client,
        console: Console,
        pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._console = client, console
        self._pause, self._clock = pause, clock
        self._turn = 0
        self._shown = ""

    def follow(
        self, session: Session, until: Callable[[Session], bool], timeout: float | None = None
    ) -> tuple[Session, float]:
        """(the session as soon as `until` holds, seconds watched).

        Raises Overdue after `timeout` seconds, Unreachable after two minutes without an answer.
        """
        began = answered = self._clock()
        trouble = None
        while not until(session):
            watched = self._clock() - began
            if timeout is not None and watched >= timeout:
                raise Overdue(f"still {session['status']} after {elapsed(watched)}", code="timeout")
            self._show(session, watched, trouble)
            self._pause(POLL_SECONDS if watched < 60 else POLL_LATER_SECONDS)
            try:
                session = self._client.session(session["id"])
                answered, trouble = self._clock(), None
            except (Unreachable, ApiError) as error:
                passing = isinstance(error, Unreachable) or error.status >= 500 or error.status == 429
                if not passing or self._clock() - answered >= PATIENCE_SECONDS:
                    raise
                trouble = error.detail
        return session, self._clock() - began

    def _show(self, session: Session, watched: float, trouble: str | None) -> None:
        place = PLACE if self._console.err_terminal else None
        said = f"no answer, asking on ({trouble})" if trouble else describe(session, place)
        if self._console.err_terminal:
            self._turn += 1
            self._console.live(f"{SPINNER[self._turn % len(SPINNER)]} {elapsed(watched)}  {said}")
        elif said != self._shown:
            self._shown = said
            self._console.note(f"{elapsed(watched)}  {said}")


def describe(session: Session, width: int | None = None) -> str:
    """State, where (in at most `width` columns), and the newest word about it."""
    attempts = session.get("attempts") or []
    parts = [session["status"]]
    if attempts:
        place = attempts[-1].get("offer_id") or session.get("provider") or ""
        place = place if width is None else elide(place, width)
        parts.append(f"{place} (attempt {len(attempts)})" if len(attempts) > 1 else place)
    word = session.get("status_reason") or (attempts[-1].get("detail") if attempts else None)
    if word and word not in parts:
        parts.append(word)
    return clean("  ".join(part for part in parts if part))
