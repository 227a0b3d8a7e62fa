"""What a function was given: AWS clients made when first called upon, and closed doors for everything else.

On Lambda the environment names exactly what the function's role may touch. A port whose place it does not name is
`closed`: nothing is asked of AWS that AWS would refuse, and whoever comes to the door is told so.
"""

import os
from collections.abc import Callable, Mapping
from functools import cache
from threading import Lock
from typing import Any, NoReturn

from chalicelib.domain.errors import StoreDown
from chalicelib.settings import KEYS, MARKETS, Settings


class Later:
    """A botocore client of the named service, built at its first call: most requests need only one or two."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __getattr__(self, name: str) -> Any:
        return getattr(_client(self._service), name)


class _Lazy:
    """Stands for something that takes a while to make, and is made once, when first called upon."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._lock = Lock()

    def __getattr__(self, name: str) -> Any:
        with self._lock:
            if "_made" not in self.__dict__:
                self._made = self._make()
        value = getattr(self._made, name)
        if callable(value):
            setattr(self, name, value)  # next time without the detour
        return value


class Closed:
    """Stands for any port, or for all the collections of a store; every call raises StoreDown."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __getattr__(self, name: str) -> "Closed":
        return self

    def __call__(self, *_: object, **__: object) -> NoReturn:
        raise StoreDown(f"this function has no {self._what}")


def lazy(make: Callable[[], Any]) -> Any:
    """What `make` makes, at the first call upon it."""
    return _Lazy(make)


def closed(what: str) -> Any:
    return Closed(what)


def provider_keys(settings: Settings) -> Mapping[str, str]:
    """The markets' keys as the variables that hold them elsewhere; read from SSM once, at the start of a process."""
    path = settings.provider_secrets_path
    if path is None:
        return {}
    from chalicelib.vault.secrets import parameters

    found = parameters(ssm(), path, settings.markets or MARKETS)
    return {KEYS[name]: key for name, key in found.items()}


@cache
def ssm() -> Any:
    from chalicelib.vault.ssm import Ssm

    return Ssm(os.environ)


@cache
def _client(service: str) -> Any:
    # Not by boto3: that is a tenth of a second more of every cold start, for nothing used here.
    from botocore.config import Config
    from botocore.session import get_session

    # A queue or topic that hangs must not use up the 29 s of a request, whose session is written down by then.
    patience = Config(connect_timeout=3, read_timeout=8, retries={"total_max_attempts": 2})
    return get_session().create_client(service, config=patience)
