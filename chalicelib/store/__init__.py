"""DynamoDB: pynamodb models live and stay in here."""

from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.domain.instant import seconds
from chalicelib.domain.policy import Policy
from chalicelib.settings import Settings
from chalicelib.store.table import Table

if TYPE_CHECKING:
    from chalicelib.store.access import DynamoAccess
    from chalicelib.store.alerts import DynamoAlerts
    from chalicelib.store.health import DynamoHealth
    from chalicelib.store.inventory import DynamoInventory
    from chalicelib.store.ledger import DynamoLedger
    from chalicelib.store.prices import DynamoPrices
    from chalicelib.store.rates import DynamoRates
    from chalicelib.store.sessions import DynamoSessions
    from chalicelib.store.subscriptions import DynamoSubscriptions


class Store:
    """Every collection of one deployment, behind one client; each is loaded and built when it is first asked for, since
    a function uses a few of them, and models are slow to make."""

    def __init__(self, table: Table, policy: Policy) -> None:
        self.table = table
        self._policy = policy

    @cached_property
    def sessions(self) -> "DynamoSessions":
        from chalicelib.store.sessions import DynamoSessions

        return DynamoSessions(self.table, seconds(self._policy.session_retention_seconds))

    @cached_property
    def access(self) -> "DynamoAccess":
        from chalicelib.store.access import DynamoAccess

        return DynamoAccess(self.table)

    @cached_property
    def ledger(self) -> "DynamoLedger":
        from chalicelib.store.ledger import DynamoLedger

        policy = self._policy
        return DynamoLedger(
            self.table, seconds(policy.session_retention_seconds), seconds(policy.cost_retention_seconds)
        )

    @cached_property
    def inventory(self) -> "DynamoInventory":
        from chalicelib.store.inventory import DynamoInventory

        return DynamoInventory(self.table)

    @cached_property
    def health(self) -> "DynamoHealth":
        from chalicelib.store.health import DynamoHealth

        return DynamoHealth(self.table)

    @cached_property
    def rates(self) -> "DynamoRates":
        from chalicelib.store.rates import DynamoRates

        return DynamoRates(self.table)

    @cached_property
    def prices(self) -> "DynamoPrices":
        from chalicelib.store.prices import DynamoPrices

        return DynamoPrices(self.table, seconds(self._policy.price_history_seconds))

    @cached_property
    def alerts(self) -> "DynamoAlerts":
        from chalicelib.store.alerts import DynamoAlerts

        return DynamoAlerts(self.table, seconds(self._policy.session_retention_seconds))

    @cached_property
    def subscriptions(self) -> "DynamoSubscriptions":
        from chalicelib.store.subscriptions import DynamoSubscriptions

        return DynamoSubscriptions(self.table)


def open_store(settings: Settings, table: Table | None = None) -> Store:
    """The store in `table`, or in `settings.table` where botocore finds DynamoDB. Creates nothing, asks nothing."""
    return Store(table or Table(settings.table), settings.policy)
