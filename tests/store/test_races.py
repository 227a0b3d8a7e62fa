"""Races, on every implementation that isolates its transactions (moto does not)."""

import pytest

from tests.contracts.store_holds import BudgetRaces
from tests.contracts.store_races import RacesContract

pytestmark = pytest.mark.parametrize("store", ["memory", "dynoxide", "java_engine"], indirect=True)


class TestRaces(RacesContract): ...


class TestBudgetRaces(BudgetRaces): ...
