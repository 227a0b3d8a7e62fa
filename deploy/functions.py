"""Every function with its size and what it may touch: from this table come its role and its environment, both."""

from enum import Enum, auto
from typing import NamedTuple


class Grant(Enum):
    """One thing a function may touch. `deploy.policies` says what that means in IAM."""

    TABLE = auto()
    CHECK = auto()  # hold a write against rows that it leaves alone: a key, a hold
    FORGET = auto()  # delete rows: claims, turns, old chunks of the inventory, subscriptions
    WAKE = auto()  # send wake-ups
    CONSUME = auto()  # take them
    PUBLISH = auto()  # tell the subscribers
    SUBSCRIBE = auto()  # keep the list of subscribers
    SECRETS = auto()  # the signing keys, to know our machines, and the pepper, to know keys and agents
    SIGNING = auto()  # the signing keys alone
    MARKETS = auto()  # the providers' keys
    LAST_RESORT = auto()  # the same, or keys of the janitor's own: still good on the day the others are revoked
    LENGTHEN = auto()  # write overrides of the hard max
    OVERRIDES = auto()  # read them


G = Grant


class Function(NamedTuple):
    memory: int
    """MiB; Lambda gives CPU in proportion, a whole one at 1769."""
    timeout: int
    """Seconds."""
    grants: tuple[Grant, ...]
    reserved: int | None = None
    """Concurrency that nobody else in the account can take away."""


API = "api_handler"

_STEPS = (G.TABLE, G.WAKE, G.SECRETS, G.MARKETS)

FUNCTIONS: dict[str, Function] = {
    # A person waits for it; API Gateway gives up after 29 s anyway.
    API: Function(1024, 29, (G.TABLE, G.CHECK, G.FORGET, G.WAKE, G.SECRETS, G.LENGTHEN, G.SUBSCRIBE)),
    # The longest create takes 120 s, and before it come a list, the wait for a slot and a quote: 250 s at worst. It
    # runs whatever sweep somebody asks for, so it may what the sweeps may.
    "worker": Function(512, 300, (*_STEPS, G.CHECK, G.FORGET, G.CONSUME, G.PUBLISH, G.OVERRIDES)),
    "launch": Function(512, 300, _STEPS),
    "terminate": Function(512, 180, _STEPS, reserved=2),
    # Woken each minute, and a pass over a slow market may take longer. Then a second one looks as well, and whoever is
    # later with what must be remembered does nothing; with one reserved it would be a throttle, and an alarm.
    "reconcile": Function(1024, 280, _STEPS, reserved=2),
    "watch": Function(512, 90, (*_STEPS, G.FORGET)),
    # Ending begins with a row and a message; the calls to the market are the worker's.
    "expire": Function(512, 60, (G.TABLE, G.WAKE)),
    "accrue": Function(1024, 240, (G.TABLE, G.CHECK, G.FORGET, G.WAKE)),
    "invoice": Function(512, 240, (G.TABLE, G.MARKETS)),
    "alert": Function(512, 60, (G.TABLE, G.PUBLISH)),
    # Its time is waiting: searches are rationed to ten a minute, and a look at 78 pages, the largest that is read to
    # its end, takes 410 s. Lambda bills the wait by the memory; 10,000 offers, read and packed, take less than 100 MB.
    "inventory": Function(256, 600, (G.TABLE, G.FORGET, G.MARKETS)),
    # No table: it must work on the day the table does not.
    "janitor": Function(512, 240, (G.SIGNING, G.LAST_RESORT, G.OVERRIDES), reserved=1),
}
