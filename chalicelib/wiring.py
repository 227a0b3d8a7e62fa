"""Which adapter stands behind which port: built once, on first use, from the environment."""

import gc
import importlib
import os
import secrets as randomness
import time
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

from chalicelib import grants, log
from chalicelib.domain import access
from chalicelib.domain.access import Consumer, KeyRecord, Role
from chalicelib.domain.errors import Stale
from chalicelib.domain.instant import Instant
from chalicelib.domain.money import MICROS_PER_DOLLAR
from chalicelib.ports import (
    Clock,
    Metrics,
    Notifier,
    Overrides,
    Ports,
    Provider,
    RateGate,
    RateRows,
    Secrets,
    SshProbe,
    Wakeups,
)
from chalicelib.settings import Settings, SettingsError, load
from chalicelib.usecases.authenticating import LOCAL_OPERATOR

if TYPE_CHECKING:
    from chalicelib.store import Store

_OPERATOR_SESSIONS = 1_000  # the operator's own limits guard against a loop gone wild, not against the operator
_OPERATOR_PER_HOUR = 1_000 * MICROS_PER_DOLLAR

_GARBAGE_AFTER = 20_000  # new objects: a cold start makes many and drops few, and looking for those takes a tenth of it
_COLLECTIONS = (
    "sessions", "access", "ledger", "inventory", "prices", "health", "rates", "alerts", "subscriptions",
)  # fmt: skip

_lock = RLock()
_built: Ports | None = None


class SystemClock:
    """The Clock port over the machine's own clock."""

    def now(self) -> Instant:
        return time.time_ns() // 1_000_000

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class SystemIds:
    """The Ids port over the system's randomness."""

    def entropy(self, size: int) -> bytes:
        return randomness.token_bytes(size)


def ports() -> Ports:
    """The ports of this process. Raises SettingsError with one line when the environment will not do."""
    global _built
    with _lock:
        if _built is None:
            _built = _build()
        return _built


@contextmanager
def override(stand_in: Ports) -> Iterator[Ports]:
    """For tests: everything that asks for the ports gets these, until the block ends."""
    global _built
    with _lock:
        before, _built = _built, stand_in
    try:
        yield stand_in
    finally:
        with _lock:
            _built = before


def bootstrap() -> str:
    """Local only: make the table, the secrets and the operator; returns the operator's key. Safe to repeat."""
    here = ports()
    if not here.settings.is_local:
        raise SettingsError("bootstrap is for the local deployment: elsewhere the template makes the table")
    _open_store(here.settings).table.create()
    folder = Path(here.settings.data_dir)
    key = here.settings.operator_key or _kept_operator_key(folder, here.secrets)
    now = here.clock.now()
    operator = Consumer(
        id=LOCAL_OPERATOR,
        role=Role.OPERATOR,
        max_sessions=_OPERATOR_SESSIONS,
        max_price_per_hour=_OPERATOR_PER_HOUR,
        created_at=now,
    )
    with suppress(Stale):
        here.access.put_consumer(operator, create=True)
    digest = access.digest(LOCAL_OPERATOR, key, here.secrets.pepper)
    known = here.access.key(LOCAL_OPERATOR)
    if known is None or not access.same(known.digest, digest):
        here.access.put_key(KeyRecord(id=LOCAL_OPERATOR, consumer=LOCAL_OPERATOR, digest=digest, created_at=now))
    return key


def _build() -> Ports:
    """Every adapter is loaded when it is first called upon: a function pays for what it uses, and the janitor never
    loads the table's."""
    settings = _settings()
    if not settings.is_local:
        gc.set_threshold(_GARBAGE_AFTER)
    log.configure(settings)
    clock = SystemClock()
    collections = _collections(settings)
    gate: RateGate = grants.lazy(lambda: _pace(collections["rates"], clock, settings))
    return Ports(
        settings=settings,
        secrets=_secrets(settings),
        clock=clock,
        ids=SystemIds(),
        sessions=collections["sessions"],
        access=collections["access"],
        ledger=collections["ledger"],
        inventory=collections["inventory"],
        prices=collections["prices"],
        health=collections["health"],
        providers=_markets(settings, gate, clock),
        gate=gate,
        wakeups=grants.lazy(lambda: _wakeups(settings)),
        ssh=grants.lazy(_ssh),
        overrides=grants.lazy(lambda: _overrides(settings)),
        alerts=collections["alerts"],
        notifier=grants.lazy(lambda: _notifier(settings)),
        subscriptions=collections["subscriptions"],
        metrics=grants.lazy(lambda: _metrics(settings)),
    )


def _settings() -> Settings:
    environ: MutableMapping[str, str] = os.environ
    dotenv = Path(".env")
    settings = load(environ, dotenv)
    if settings.is_local and not settings.queue_url:
        # Plain `chalice local`: find the backends of a running `make run`, or start some. Never on Lambda.
        environ.update(importlib.import_module("local.backends").ensure(environ))
        return load(environ, dotenv)
    keys = grants.provider_keys(settings)
    return load({**environ, **keys}, dotenv) if keys else settings


def _open_store(settings: Settings) -> "Store":
    from chalicelib.store import open_store

    return open_store(settings)


def _collections(settings: Settings) -> dict[str, Any]:
    """Every collection of the store by name. Not even DynamoDB's client is loaded before one of them is asked."""
    store = grants.lazy(lambda: _open_store(settings))
    doors = {name: grants.lazy(partial(getattr, store, name)) for name in _COLLECTIONS}
    return doors if settings.table else dict.fromkeys(doors, grants.closed("table"))


def _markets(settings: Settings, gate: RateGate, clock: Clock) -> dict[str, Any]:
    from chalicelib.providers import makers

    return {name: grants.lazy(partial(_shared, make)) for name, make in makers(settings, gate, clock).items()}


def _shared(make: Callable[[], Provider]) -> Provider:
    from chalicelib.providers.sharing import SharedList

    return SharedList(make())


def _pace(rates: RateRows, clock: Clock, settings: Settings) -> RateGate:
    from chalicelib.providers.pace import SharedPace

    return SharedPace(rates, clock, settings.policy)


def _ssh() -> SshProbe:
    from chalicelib.providers.ssh import BannerProbe

    return BannerProbe()


def _wakeups(settings: Settings) -> Wakeups:
    if settings.queue_url is None:
        none: Wakeups = grants.closed("queue")
        return none
    from chalicelib.notify.queue import SqsWakeups

    return SqsWakeups(grants.Later("sqs"), settings.queue_url)


def _notifier(settings: Settings) -> Notifier:
    if settings.topic_arn is None:
        none: Notifier = grants.closed("topic")
        return none
    from chalicelib.notify.topic import SnsNotifier

    return SnsNotifier(grants.Later("sns"), settings.topic_arn)


def _overrides(settings: Settings) -> Overrides:
    from chalicelib.vault.overrides import FolderOverrides, ParameterOverrides

    if settings.is_local:
        return FolderOverrides(Path(settings.data_dir) / "overrides")
    if settings.secrets_path is None:
        none: Overrides = grants.closed("overrides")
        return none
    return ParameterOverrides(grants.ssm(), settings.secrets_path)


def _secrets(settings: Settings) -> Secrets:
    from chalicelib.vault.secrets import from_folder, from_parameters

    if settings.is_local:
        return from_folder(Path(settings.data_dir))
    if settings.secrets_path is None:
        return Secrets(signing_keys=(), pepper=b"")
    return from_parameters(grants.ssm(), settings.secrets_path, pepper=bool(settings.table))


def _metrics(settings: Settings) -> Metrics:
    from chalicelib.notify.metrics import EmfMetrics, LoggedMetrics

    return EmfMetrics(settings.deployment) if settings.metrics else LoggedMetrics()


def _kept_operator_key(folder: Path, secrets: Secrets) -> str:
    path = folder / "operator-key"
    if path.is_file():
        return path.read_text().strip()
    key = access.issue(randomness.token_bytes(38), secrets.pepper)[1]
    path.touch(mode=0o600)
    path.write_text(key)
    return key
