"""The shapes of what is answered, field by field: `present` is checked against them, `openapi` describes them.

Plain dictionaries at run time; null where nothing is known.
"""

from chalicelib.api.answers.access import Consumer, ConsumerList, IssuedKey, Key, KeyList, Me
from chalicelib.api.answers.inventory import Inventory, Market, Offer, PriceList, PricePoint, PriceSeries
from chalicelib.api.answers.money import (
    Alert,
    AlertList,
    Budget,
    Costs,
    Subscription,
    SubscriptionList,
)
from chalicelib.api.answers.problems import Problem
from chalicelib.api.answers.service import Health, Started
from chalicelib.api.answers.sessions import (
    AbsenceProof,
    Agent,
    Attempt,
    Event,
    EventList,
    KillPaths,
    Lease,
    OpenPort,
    Session,
    SessionList,
    Ssh,
)

__all__ = [
    "AbsenceProof",
    "Agent",
    "Alert",
    "AlertList",
    "Attempt",
    "Budget",
    "Consumer",
    "ConsumerList",
    "Costs",
    "Event",
    "EventList",
    "Health",
    "Inventory",
    "IssuedKey",
    "Key",
    "KeyList",
    "KillPaths",
    "Lease",
    "Market",
    "Me",
    "Offer",
    "OpenPort",
    "PriceList",
    "PricePoint",
    "PriceSeries",
    "Problem",
    "Session",
    "SessionList",
    "Ssh",
    "Started",
    "Subscription",
    "SubscriptionList",
]
