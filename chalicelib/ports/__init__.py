"""What the work asks of the outside. Every implementation passes the contract suite of its port."""

from collections.abc import Mapping

import msgspec

from chalicelib.ports.accounts import Access, Ledger
from chalicelib.ports.alerts import Alerts, Notifier, Subscriptions
from chalicelib.ports.markets import CallKind, LaunchOrder, Provider, RateGate, Receipt, SshProbe
from chalicelib.ports.pages import Page
from chalicelib.ports.running import Clock, Ids, Metrics, Secrets
from chalicelib.ports.sessions import Admission, Overrides, Sessions, Wakeups
from chalicelib.ports.views import Health, Inventory, Prices, RateRows, Snapshot, SnapshotHead
from chalicelib.settings import Settings

__all__ = [
    "Access",
    "Admission",
    "Alerts",
    "CallKind",
    "Clock",
    "Health",
    "Ids",
    "Inventory",
    "LaunchOrder",
    "Ledger",
    "Metrics",
    "Notifier",
    "Overrides",
    "Page",
    "Ports",
    "Prices",
    "Provider",
    "RateGate",
    "RateRows",
    "Receipt",
    "Secrets",
    "Sessions",
    "Snapshot",
    "SnapshotHead",
    "SshProbe",
    "Subscriptions",
    "Wakeups",
]


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a piece of work may touch, handed to it as one argument."""

    settings: Settings
    secrets: Secrets
    clock: Clock
    ids: Ids
    sessions: Sessions
    access: Access
    ledger: Ledger
    inventory: Inventory
    prices: Prices
    health: Health
    providers: Mapping[str, Provider]
    gate: RateGate
    wakeups: Wakeups
    ssh: SshProbe
    overrides: Overrides
    alerts: Alerts
    notifier: Notifier
    subscriptions: Subscriptions
    metrics: Metrics
