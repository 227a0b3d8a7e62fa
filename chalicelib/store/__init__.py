"""DynamoDB: pynamodb models live and stay in here."""

from dataclasses import dataclass

from chalicelib.domain.instant import seconds
from chalicelib.settings import Settings
from chalicelib.store.access import DynamoAccess
from chalicelib.store.alerts import DynamoAlerts
from chalicelib.store.health import DynamoHealth
from chalicelib.store.inventory import DynamoInventory
from chalicelib.store.rates import DynamoRates
from chalicelib.store.sessions import DynamoSessions
from chalicelib.store.table import Table


@dataclass(frozen=True, slots=True)
class Store:
    """Every collection of one deployment, behind one client."""

    table: Table
    sessions: DynamoSessions
    access: DynamoAccess
    inventory: DynamoInventory
    health: DynamoHealth
    rates: DynamoRates
    alerts: DynamoAlerts


def open_store(settings: Settings, table: Table | None = None) -> Store:
    """The store in `table`, or in `settings.table` where botocore finds DynamoDB. Creates nothing, asks nothing."""
    table = table or Table(settings.table)
    return Store(
        table=table,
        sessions=DynamoSessions(table, seconds(settings.policy.session_retention_seconds)),
        access=DynamoAccess(table),
        inventory=DynamoInventory(table),
        health=DynamoHealth(table),
        rates=DynamoRates(table),
        alerts=DynamoAlerts(table, seconds(settings.policy.session_retention_seconds)),
    )
