"""Which adapter stands behind which port: built once, on first use, from the environment."""

import importlib
import os
import secrets as randomness
import time
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock

from chalicelib import log
from chalicelib.domain import access
from chalicelib.domain.access import Consumer, KeyRecord, Role
from chalicelib.domain.errors import Stale
from chalicelib.domain.instant import Instant
from chalicelib.domain.money import MICROS_PER_DOLLAR
from chalicelib.notify.queue import SqsWakeups
from chalicelib.notify.topic import SnsNotifier
from chalicelib.ports import Overrides, Ports, Secrets
from chalicelib.providers import build
from chalicelib.providers.pace import SharedPace
from chalicelib.providers.sharing import SharedList
from chalicelib.providers.ssh import BannerProbe
from chalicelib.settings import Settings, SettingsError, load
from chalicelib.store import open_store
from chalicelib.store.overrides import FolderOverrides, ParameterOverrides
from chalicelib.store.secrets import from_folder, from_parameters
from chalicelib.usecases.authenticating import LOCAL_OPERATOR

_OPERATOR_SESSIONS = 1_000  # the operator's own limits guard against a loop gone wild, not against the operator
_OPERATOR_PER_HOUR = 1_000 * MICROS_PER_DOLLAR

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
    open_store(here.settings).table.create()
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
    if known is None or known.digest != digest:
        here.access.put_key(KeyRecord(id=LOCAL_OPERATOR, consumer=LOCAL_OPERATOR, digest=digest, created_at=now))
    return key


def _build() -> Ports:
    environ: MutableMapping[str, str] = os.environ
    dotenv = Path(".env")
    settings = load(environ, dotenv)
    if settings.is_local and not settings.queue_url:
        # Plain `chalice local`: find the backends of a running `make run`, or start some. Never on Lambda.
        environ.update(importlib.import_module("local.backends").ensure(environ))
        settings = load(environ, dotenv)
    log.configure(settings)
    clock = SystemClock()
    store = open_store(settings)
    gate = SharedPace(store.rates, clock, settings.policy)
    return Ports(
        settings=settings,
        secrets=_secrets(settings),
        clock=clock,
        ids=SystemIds(),
        sessions=store.sessions,
        access=store.access,
        inventory=store.inventory,
        health=store.health,
        providers={name: SharedList(market) for name, market in build(settings, gate, clock).items()},
        gate=gate,
        wakeups=_wakeups(settings),
        ssh=BannerProbe(),
        overrides=_overrides(settings),
        alerts=store.alerts,
        notifier=_notifier(settings),
    )


def _wakeups(settings: Settings) -> SqsWakeups:
    if settings.queue_url is None:
        raise SettingsError("SHOPPER_QUEUE_URL is not set: the service cannot wake its worker")
    import boto3  # slow to import, and only a process that really starts needs it

    return SqsWakeups(boto3.client("sqs"), settings.queue_url)


def _notifier(settings: Settings) -> SnsNotifier:
    if settings.topic_arn is None:
        raise SettingsError("SHOPPER_TOPIC_ARN is not set: the service cannot tell anybody anything")
    import boto3

    return SnsNotifier(boto3.client("sns"), settings.topic_arn)


def _overrides(settings: Settings) -> Overrides:
    if settings.is_local:
        return FolderOverrides(Path(settings.data_dir) / "overrides")
    import boto3

    return ParameterOverrides(boto3.client("ssm"), _parameters(settings))


def _parameters(settings: Settings) -> str:
    """Where in SSM this deployment keeps its secrets and overrides."""
    return settings.secrets_path or f"/gpu-shopper/{settings.deployment}"


def _secrets(settings: Settings) -> Secrets:
    if settings.is_local:
        return from_folder(Path(settings.data_dir))
    import boto3

    return from_parameters(boto3.client("ssm"), _parameters(settings))


def _kept_operator_key(folder: Path, secrets: Secrets) -> str:
    path = folder / "operator-key"
    if path.is_file():
        return path.read_text().strip()
    key = access.issue(randomness.token_bytes(38), secrets.pepper)[1]
    path.touch(mode=0o600)
    path.write_text(key)
    return key
