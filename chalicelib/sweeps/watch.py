"""Every minute: running machines that fell silent or do nothing are told of, and end by the rules."""

import logging
from functools import partial

from chalicelib.domain.instant import seconds
from chalicelib.domain.schedule import overdue
from chalicelib.domain.session import Session, Status
from chalicelib.domain.turn import Turn
from chalicelib.ports import Ports
from chalicelib.sweeps import turns
from chalicelib.usecases.watching import watch

log = logging.getLogger(__name__)

LISTENING = "watch-listening"
"""Under this name it is noted since when we listen again; it is no sweep."""

_BEATS = 3  # every one may be lost, and they come with some spread
_TOGETHER = 1  # a look at the time after each: one that is silent may wait for its market half a minute


def run(ports: Ports) -> None:
    _run(ports, ports.health.turn("watch"))


def wake(ports: Ports) -> bool:
    return turns.woken(ports, "watch", _run)


def _run(ports: Ports, turn: Turn | None) -> None:
    """A session whose agent never reported is nobody's silence. After an absence of our own the silence may be ours:
    then nothing is concluded before the machines had time for a few heartbeats."""
    tick = ports.settings.tick_seconds if ports.settings.is_local else None
    now = ports.clock.now()
    done = ports.health.sweeps()
    if "watch" in done and overdue("watch", done["watch"], now, tick):  # before the first run nobody was there to hear
        log.info("watch: just back, listening first")
        ports.health.sweep_done(LISTENING, now)
        return
    if now - done.get(LISTENING, 0) < seconds(_BEATS * ports.settings.policy.heartbeat_seconds):
        return
    turns.take(ports, "watch", turn, partial(_watch, ports), _TOGETHER)


def _watch(ports: Ports, sessions: list[Session]) -> None:
    for session in sessions:
        if session.status is not Status.RUNNING or session.last_heartbeat_at is None:
            continue
        try:
            watch(ports, session)
        except Exception:
            log.exception("session %s: could not be watched", session.id, extra={"session": session.id})
