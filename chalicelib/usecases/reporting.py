"""Is the service well? Answered from the store alone, so that asking costs the markets nothing."""

import logging
from collections.abc import Mapping

from chalicelib import __version__
from chalicelib.domain.admission import ProviderState, creates_blocked
from chalicelib.domain.instant import Instant, rfc3339
from chalicelib.domain.schedule import EVERY, WITHOUT_TABLE, overdue
from chalicelib.ports import Ports

log = logging.getLogger(__name__)

Check = dict[str, object]


def health(ports: Ports) -> tuple[int, Check]:
    """(HTTP status, answer): 503 `down` when the store cannot be read, else 200 `ok` or `degraded`."""
    checks: dict[str, object] = {}
    answer: Check = {
        "status": "ok",
        "deployment": ports.settings.deployment,
        "version": __version__,
        "checks": checks,
    }
    try:
        states = {name: ports.health.provider(name) for name in sorted(ports.providers)}
        completed = ports.health.sweeps()
    except Exception:  # whatever the store throws, it is the store that is down
        log.exception("the store cannot be read")
        checks["store"] = {"status": "error"}
        return 503, answer | {"status": "down"}
    now = ports.clock.now()
    providers = {name: _provider(ports, state, now) for name, state in states.items()}
    sweeps = {name: _sweep(ports, name, completed, now) for name in EVERY}
    checks |= {"store": {"status": "ok"}, "providers": providers, "sweeps": sweeps}
    well = all(check["status"] in ("ok", "unseen") for check in (*providers.values(), *sweeps.values()))
    return 200, answer | {"status": "ok" if well else "degraded"}


def count_late(ports: Ports) -> None:
    """How many sweeps have not completed for several runs, for an alarm outside: it rings too when nobody counts."""
    completed, now = ports.health.sweeps(), ports.clock.now()
    late = sum(_sweep(ports, name, completed, now)["status"] == "overdue" for name in EVERY)
    ports.metrics.count("SweepsLate", late)


def _provider(ports: Ports, state: ProviderState, now: Instant) -> Check:
    reason = creates_blocked(state, now, ports.settings.policy)
    return {
        "status": "ok" if reason is None and state.list_failing_since is None else "error",
        "last_complete_list_at": _time(state.last_complete_list_at),
        "creates_allowed": reason is None,
        "reason": reason if reason is not None or state.list_failing_since is None else state.last_error,
    }


def _sweep(ports: Ports, name: str, completed: Mapping[str, Instant], now: Instant) -> Check:
    last = completed.get(name)
    tick = ports.settings.tick_seconds if ports.settings.is_local else None
    if name in WITHOUT_TABLE and not ports.settings.is_local:
        status = "unseen"
    else:
        status = "overdue" if overdue(name, last, now, tick) else "ok"
    return {"status": status, "last_completed_at": _time(last)}


def _time(moment: Instant | None) -> str | None:
    return None if moment is None else rfc3339(moment)
