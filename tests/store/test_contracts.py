"""Every implementation of the store keeps the same promises."""

import pytest

from tests.contracts.store_access import AccessContract
from tests.contracts.store_health import HealthContract, RatesContract
from tests.contracts.store_holds import HoldsContract
from tests.contracts.store_inventory import InventoryContract
from tests.contracts.store_ledger import LedgerContract
from tests.contracts.store_openings import OpeningsContract
from tests.contracts.store_pages import PagesContract
from tests.contracts.store_prices import PricesContract
from tests.contracts.store_sessions import SessionsContract
from tests.contracts.store_telling import AlertsContract, SubscriptionsContract

pytestmark = pytest.mark.parametrize("store", ["memory", "moto", "dynoxide", "java_engine"], indirect=True)


class TestOpenings(OpeningsContract): ...


class TestSessions(SessionsContract): ...


class TestPages(PagesContract): ...


class TestAccess(AccessContract): ...


class TestLedger(LedgerContract): ...


class TestHolds(HoldsContract): ...


class TestInventory(InventoryContract): ...


class TestPrices(PricesContract): ...


class TestHealth(HealthContract): ...


class TestRates(RatesContract): ...


class TestAlerts(AlertsContract): ...


class TestSubscriptions(SubscriptionsContract): ...
