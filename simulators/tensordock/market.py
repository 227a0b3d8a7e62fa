"""The fake TensorDock as a state machine: virtual machines that bill from the first moment, boot, stop and die."""

import socket
import uuid
from typing import Any, Literal

import msgspec

from simulators.agenda import Event
from simulators.clock import Clock
from simulators.faults import SPECIAL
from simulators.machine import Options, State
from simulators.market import Market
from simulators.state import StateFile
from simulators.tensordock.catalogue import Location, Stock
from simulators.tensordock.order import Order
from simulators.tensordock.stockroom import Stockroom
from simulators.tensordock.vm import Vm

# Negative for this long, and the servers are deleted.
BROKE_GRACE_SECONDS = 96 * 3600.0


class TensorDockOptions(Options, kw_only=True):
    list_shape: Literal["flat", "instances", "jsonapi", "bare"] = "flat"
    stop_mode: Literal["stopped", "disassociated"] = "stopped"
    """`stopped` keeps the GPU at the full price, `disassociated` bills storage only and may lose it."""
    status_case: Literal["lower", "title"] = "lower"
    hostnodes: bool = False
    """List generated hostnodes; the real list has been empty since June 2026."""


class Secret(msgspec.Struct):
    id: str
    name: str
    type: str
    value: str


class TensorDockState(State, kw_only=True):
    locations: list[Location]
    machines: dict[str, Vm] = {}
    secrets: list[Secret] = []
    addresses: int = 0


class TensorDockMarket(Market[Vm]):
    name = "tensordock"
    options: TensorDockOptions
    state: TensorDockState

    def __init__(
        self, options: TensorDockOptions, state: TensorDockState, clock: Clock, file: StateFile | None
    ) -> None:
        super().__init__(state, clock, file)
        self.options, self.state = options, state
        self.machines = state.machines
        self.stockroom = Stockroom(state.locations)

    def rent(self, order: Order, stock: Stock, now: float, address: str | None = None) -> Vm:
        """Take the stock and start; `address` is a dedicated one, which has SSH on 22."""
        vm = Vm(
            id=str(uuid.UUID(int=self.dice.getrandbits(128), version=4)),
            label=order.name,
            created_at=now,
            visible_from=now + self.dice.uniform(0, self.options.lag_seconds),
            image=order.image,
            location_id=order.location_id,
            v0_name=order.v0_name,
            gpus=order.gpus,
            vcpus=order.vcpus,
            ram_gb=order.ram_gb,
            storage_gb=order.storage_gb,
            dedicated_ip=address is not None,
            cloud_init=order.cloud_init,
            ssh_keys=[order.ssh_key] if order.ssh_key else [],
            ip_from=now + self.options.boot_seconds * self.dice.uniform(0.15, 0.6),
        )
        if address is not None:
            vm.ssh_host, vm.ssh_port = address, 22
        else:
            self._forward(vm, [inner for inner, _ in order.forwards])
        facts = {"op": "create", "id": vm.id, "label": order.name, "gpu": order.v0_name}
        names = [name for name in SPECIAL if name.startswith("machine.")]
        vm.mishaps = {name: params for name in names if (params := self.strike(name, now, **facts)) is not None}
        self.machines[vm.id] = vm
        self.stockroom.take(vm)
        self.reprice(vm, stock, now)
        self.boot(vm, now)
        return vm

    def reprice(self, vm: Vm, stock: Stock, now: float) -> None:
        """From its resources; the real figures end in a stray 0.000001 below the sum."""
        vm.storage_rate = vm.storage_gb * stock.storage_price
        machine = vm.gpus * stock.price + vm.vcpus * stock.vcpu_price + vm.ram_gb * stock.ram_price
        vm.rate = round(machine + vm.storage_rate - 1e-6, 6)
        self.refresh(vm, now)

    def boot(self, vm: Vm, now: float) -> None:
        self.enter(vm, "booting", now)
        if "machine.dud" not in vm.mishaps:
            self.plan(now + self.options.boot_seconds * self.jitter(), "up", vm)

    def halt(self, vm: Vm, now: float) -> None:
        vm.epoch += 1
        self.enter(vm, "stopping", now)
        self.plan(now + self.options.settle_seconds, "stopped", vm)

    def stop_now(self, vm: Vm, now: float, *, disassociated: bool) -> None:
        vm.epoch += 1
        if disassociated:
            self.release(vm, now)
        self.enter(vm, "stoppeddisassociated" if disassociated else "stopped", now)

    def start(self, vm: Vm, now: float) -> bool:
        """False when the GPU was let go and somebody else has it."""
        if not vm.holds_stock and not self.stockroom.take(vm):
            return False
        if not vm.dedicated_ip:
            self._forward(vm, [inner for inner, _ in vm.forwards])
        vm.epoch += 1
        self.enter(vm, "starting", now)
        self.plan(now + self.options.settle_seconds, "boot", vm)
        return True

    def rates(self, vm: Vm) -> dict[str, float]:
        """A stopped VM bills in full as long as the GPU is kept for it."""
        return {"vm": vm.rate} if vm.holds_stock else {"storage": vm.storage_rate}

    def answers_ssh(self, vm: Vm) -> bool:
        return vm.stage == "running" and (vm.dedicated_ip or any(inner == 22 for inner, _ in vm.forwards))

    def release(self, vm: Vm, now: float) -> None:
        self.stockroom.give_back(vm)

    def happen(self, event: Event, vm: Vm | None, now: float) -> None:
        if event.kind == "create":
            order = msgspec.convert(event.args["order"], Order)
            stock = self.stockroom.fit(order)
            if stock is not None:
                self.rent(order, stock, now)
        elif event.kind == "delete_broke":
            for one in self.live() if self.state.broke else []:
                self.bury(one, "credit", now)
        elif vm is not None:
            self._happen_to(event, vm, now)

    def _happen_to(self, event: Event, vm: Vm, now: float) -> None:
        match event.kind:
            case "up":
                self._come_up(vm, now)
            case "boot":
                self.boot(vm, now)
            case "stopped":
                self.stop_now(vm, now, disassociated=self.options.stop_mode == "disassociated")
            case "vanish":
                self.bury(vm, "vanished", now)
            case kind:
                self.act(vm, kind, event.args, now)

    def _come_up(self, vm: Vm, now: float) -> None:
        if (dead := vm.mishaps.get("machine.ssh_dead")) is not None:
            vm.ssh_mode = str(dead["mode"])
        self.enter(vm, "running", now)
        for name, kind in (("exits", "stop"), ("vanishes", "vanish"), ("outbid", "outbid"), ("price", "price")):
            if (mishap := vm.mishaps.pop(f"machine.{name}", None)) is not None:
                args = {"factor": mishap["factor"]} if "factor" in mishap else {}
                self.plan(now + float(mishap["seconds"]), kind, vm, **args)

    def out_of_credit(self, now: float) -> None:
        for vm in self.live():
            self.stop_now(vm, now, disassociated=False)
        self.plan(now + BROKE_GRACE_SECONDS, "delete_broke")

    def act(self, vm: Vm, action: str, args: dict[str, Any], now: float) -> bool:
        match action:
            case "stop" | "exit":
                self.stop_now(vm, now, disassociated=False)
            case "outbid":
                self.stop_now(vm, now, disassociated=True)
            case "price":
                vm.rate = float(args["price"]) if "price" in args else vm.rate * float(args["factor"])
                self.refresh(vm, now)
            case _:
                return False
        return True

    def plant(self, label: str | None, now: float) -> Vm:
        for location in self.state.locations:
            for stock in location.stocks:
                order = Order(
                    name=label or "somebody-elses",
                    image="ubuntu2404",
                    vcpus=2,
                    ram_gb=8,
                    storage_gb=100,
                    v0_name=stock.v0_name,
                    gpus=1,
                    location_id=location.id,
                    forwards=[(22, 0)],
                )
                if self.stockroom.fit(order) is not None:
                    vm = self.rent(order, stock, now)
                    vm.foreign = True
                    return vm
        raise ValueError("no stock is left for a foreign machine")

    def churn(self, fraction: float, now: float) -> int:
        in_use = {(vm.location_id, vm.v0_name) for vm in self.live()}
        return self.stockroom.churn(fraction, self.dice, keep=in_use)

    def dedicated_address(self) -> str | None:
        """A loopback address whose port 22 this process may open; None is the market's own lack of addresses."""
        self.state.addresses += 1
        address = f"127.77.{self.state.addresses // 250 % 250}.{self.state.addresses % 250 + 1}"
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, 22))
            except OSError:
                return None
        return address

    def view(self, vm: Vm, now: float) -> dict[str, Any]:
        return {"market": self.name, "gpu": vm.v0_name, **msgspec.to_builtins(vm)}

    def _forward(self, vm: Vm, inner_ports: list[int]) -> None:
        """Outer ports of the market's own choice; only the one for 22 is real."""
        vm.ssh_port = self.free_port()
        outer = {22: vm.ssh_port}
        vm.forwards = [(inner, outer.get(inner) or 40_000 + self.dice.randrange(20_000)) for inner in inner_ports]
