"""The GPU markets, one file each; adding one is a file and a paragraph here."""

from collections.abc import Callable
from functools import partial

from chalicelib.ports import Clock, Provider, RateGate
from chalicelib.settings import Credentials, Settings


def build(settings: Settings, gate: RateGate, clock: Clock) -> dict[str, Provider]:
    """The configured markets by name."""
    return {name: make() for name, make in makers(settings, gate, clock).items()}


def makers(settings: Settings, gate: RateGate, clock: Clock) -> dict[str, Callable[[], Provider]]:
    """How each of them is made. Imports wait until it is: a sweep that finds nothing to do never loads a client."""
    markets: dict[str, Callable[[], Provider]] = {}
    if keys := settings.vastai:
        markets["vastai"] = partial(_vastai, keys, settings, gate, clock)
    if keys := settings.tensordock:
        markets["tensordock"] = partial(_tensordock, keys, settings, gate, clock)
    return markets | {name: partial(_closed, name) for name in set(settings.markets) - set(markets)}


def _vastai(keys: Credentials, settings: Settings, gate: RateGate, clock: Clock) -> Provider:
    from chalicelib.providers.http import Http
    from chalicelib.providers.vastai import VastAi

    return VastAi(Http("vastai", keys.url, keys.key, settings.policy, gate, clock), clock)


def _tensordock(keys: Credentials, settings: Settings, gate: RateGate, clock: Clock) -> Provider:
    from chalicelib.providers.http import Http
    from chalicelib.providers.tensordock import TensorDock

    http = Http("tensordock", keys.url, keys.key, settings.policy, gate, clock)
    return TensorDock(http, clock, settings.policy.tensordock_create_seconds)


def _closed(name: str) -> Provider:
    from chalicelib.ports.closed import ClosedMarket

    return ClosedMarket(name)
