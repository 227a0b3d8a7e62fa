"""What the fake TensorDock still has at its locations, and who takes it."""

import random

from simulators.tensordock.catalogue import Location, Stock, invent_stock
from simulators.tensordock.order import Order
from simulators.tensordock.vm import Vm


class Stockroom:
    """The locations of one market. Not thread-safe; the market's lock guards it."""

    def __init__(self, locations: list[Location]) -> None:
        self.locations = locations

    def find(self, location_id: str, v0_name: str) -> Stock | None:
        for location in self.locations:
            if location.id == location_id:
                return next((stock for stock in location.stocks if stock.v0_name == v0_name), None)
        return None

    def fit(self, order: Order) -> Stock | None:
        """The stock that can serve the order now."""
        stock = self.find(order.location_id, order.v0_name)
        if stock is None or stock.count < order.gpus or stock.vcpus < order.vcpus:
            return None
        return stock if stock.ram_gb >= order.ram_gb and stock.storage_gb >= order.storage_gb else None

    def take(self, vm: Vm) -> bool:
        """False when it is not there any more."""
        stock = self.find(vm.location_id, vm.v0_name)
        if stock is None or stock.count < vm.gpus or stock.vcpus < vm.vcpus:
            return False
        _move(stock, vm, -1)
        vm.holds_stock = True
        return True

    def give_back(self, vm: Vm) -> None:
        stock = self.find(vm.location_id, vm.v0_name)
        if vm.holds_stock and stock is not None:
            _move(stock, vm, 1)
        vm.holds_stock = False

    def churn(self, fraction: float, dice: random.Random, keep: set[tuple[str, str]]) -> int:
        """Mostly counts and room change; now and then a row goes or comes. Rows in `keep` stay as they are."""
        changed = 0
        for location in self.locations:
            for stock in list(location.stocks):
                if (location.id, stock.v0_name) in keep or dice.random() >= fraction:
                    continue
                changed += 1
                fresh = invent_stock(dice)
                if dice.random() >= 0.2:
                    stock.count, stock.vcpus, stock.ram_gb = fresh.count, fresh.vcpus, fresh.ram_gb
                    continue
                location.stocks.remove(stock)
                if all(fresh.v0_name != other.v0_name for other in location.stocks):
                    location.stocks.append(fresh)
        return changed


def _move(stock: Stock, vm: Vm, sign: int) -> None:
    stock.count += sign * vm.gpus
    stock.vcpus += sign * vm.vcpus
    stock.ram_gb += sign * vm.ram_gb
    stock.storage_gb += sign * vm.storage_gb
