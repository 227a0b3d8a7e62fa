"""The GPU markets, one file each; adding one is a file and a paragraph here."""

from chalicelib.ports import Clock, Provider, RateGate
from chalicelib.settings import Settings


def build(settings: Settings, gate: RateGate, clock: Clock) -> dict[str, Provider]:
    """The configured markets by name. Imports wait: a function without provider keys never loads their clients."""
    markets: dict[str, Provider] = {}
    policy = settings.policy
    if keys := settings.vastai:
        from chalicelib.providers.http import Http
        from chalicelib.providers.vastai import VastAi

        markets["vastai"] = VastAi(Http("vastai", keys.url, keys.key, policy, gate, clock), clock)
    if keys := settings.tensordock:
        from chalicelib.providers.http import Http
        from chalicelib.providers.tensordock import TensorDock

        http = Http("tensordock", keys.url, keys.key, policy, gate, clock)
        markets["tensordock"] = TensorDock(http, clock, policy.tensordock_create_seconds)
    for name in set(settings.markets) - set(markets):
        from chalicelib.providers.closed import ClosedMarket

        markets[name] = ClosedMarket(name)
    return markets
