"""DynamoDB: pynamodb models live and stay in here."""

from dataclasses import dataclass

from chalicelib.domain.instant import seconds
from chalicelib.settings import Settings
from chalicelib.store.access import DynamoAccess
from chalicelib.store.alerts import DynamoAlerts
from chalicelib.store.health import DynamoHealth
from chalicelib.store.inventory import DynamoInventory
from chalicelib.store.ledger import DynamoLedger
from chalicelib.store.rates import DynamoRates
from chalicelib.store.sessions import DynamoSessions
from chalicelib.store.subscriptions import DynamoSubscriptions
from chalicelib.store.table import Table


@dataclass(frozen=True, slots=True)
class Store:
    """Every collection of one deployment, behind one client."""

    table: Table
    sessions: DynamoSessions
    access: DynamoAccess
    ledger: DynamoLedger
    inventory: DynamoInventory
    health: DynamoHealth
    rates: DynamoRates
    alerts: DynamoAlerts
    subscriptions: DynamoSubscriptions


def open_store(settings: Settings, table: Table | None = None) -> Store:
    """The store in `table`, or in `settings.table` where botocore finds DynamoDB. Creates nothing, asks nothing."""
    table = table or Table(settings.table)
    return Store(
        table=table,
        sessions=DynamoSessions(table, seconds(settings.policy.session_retention_seconds)),
        access=DynamoAccess(table),
        ledger=DynamoLedger(
            table, seconds(settings.policy.session_retention_seconds), seconds(settings.policy.cost_retention_seconds)
        ),
        inventory=DynamoInventory(table),
        health=DynamoHealth(table),
        rates=DynamoRates(table),
        alerts=DynamoAlerts(table, seconds(settings.policy.session_retention_seconds)),
        subscriptions=DynamoSubscriptions(table),
    )
