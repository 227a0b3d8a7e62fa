"""The fake Vast.ai as a state machine: contracts that boot, stop, queue, get outbid, die, and what each costs."""

import secrets
from typing import Any

import msgspec

from simulators.agenda import Event
from simulators.clock import Clock
from simulators.faults import SPECIAL
from simulators.market import Market
from simulators.state import StateFile
from simulators.vastai.asks import AskBook
from simulators.vastai.contract import BILLS_GPU, Contract
from simulators.vastai.host import Ask, Host
from simulators.vastai.model import Order, VastOptions, VastState

# How long after the credit ran out everything is deleted. The market says only that it depends.
BROKE_GRACE_SECONDS = 48 * 3600.0


class VastMarket(Market[Contract]):
    name = "vastai"
    options: VastOptions
    state: VastState

    def __init__(self, options: VastOptions, state: VastState, clock: Clock, file: StateFile | None) -> None:
        super().__init__(state, clock, file)
        self.options, self.state = options, state
        self.machines = state.machines
        self.book = AskBook(state.hosts, state.asks, state.retired, state.next_id)
        if not self.book.asks:
            self.book.open_market()
        self.keys = {contract.api_key: contract.id for contract in self.machines.values()}

    def _save(self) -> None:
        self.state.hosts, self.state.asks = list(self.book.hosts.values()), list(self.book.asks.values())
        self.state.next_id = self.book.next_id
        super()._save()

    def rent(self, ask: Ask, order: Order, now: float, *, takes_gpus: bool = True, reserved: bool = False) -> Contract:
        """Make the contract; without GPUs it exists stopped (or queued) and bills its disk.

        `reserved`: the ask has been taken already.
        """
        host = self.book.hosts[ask.machine_id]
        self.book.next_id += 3
        contract = Contract(
            id=str(self.book.next_id),
            label=order.label,
            created_at=now,
            visible_from=now + self.dice.uniform(0, self.options.lag_seconds),
            machine_id=host.machine_id,
            gpus=ask.gpus,
            price=order.bid if order.bid is not None else ask.price,
            min_bid=ask.min_bid,
            is_bid=order.bid is not None,
            disk=order.disk,
            storage_cost=host.storage_cost,
            image=order.image,
            runtype=order.runtype,
            env=order.env,
            onstart=order.onstart,
            args=order.args,
            template_hash=order.template_hash,
            api_key=secrets.token_hex(32),
            jupyter_token=secrets.token_hex(32),
            ssh_port=self.free_port(),
            ssh_keys=[key.public_key for key in self.state.account_keys],
        )
        contract.ports = self._ports(contract)
        contract.mishaps = self._mishaps(contract, host, now)
        self.machines[contract.id] = contract
        self.keys[contract.api_key] = contract.id
        if takes_gpus:
            if not reserved:
                self.book.take(ask)
            contract.holds_gpus = True
            if order.disk > host.disk * ask.gpus / host.gpus:
                contract.mishaps["no_space"] = {}
            self.boot(contract, now)
            if self.options.image_gb:
                self.state.ledger.sell(contract.id, "bwd", host.inet_down_cost, self.options.image_gb, now)
        if order.stopped:
            self.halt(contract, now)
        self.enter(contract, contract.stage, now)
        return contract

    def boot(self, contract: Contract, now: float, first: bool = True) -> None:
        contract.intended = contract.cur = contract.next = "running"
        contract.queued = False
        length = self.options.boot_seconds * self.jitter() * (1.0 if first else 0.4)
        if "machine.dud" in contract.mishaps:
            return
        self.plan(now + 0.2 * length, "stage", contract, stage="created")
        self.plan(now + 0.3 * length, "stage", contract, stage="loading")
        if (bad := contract.mishaps.get("machine.bad_image")) is not None:
            self.plan(now + 0.3 * length + float(bad["seconds"]), "image_failed", contract)
        else:
            self.plan(now + length, "running", contract)

    def halt(self, contract: Contract, now: float) -> None:
        """Ask for a stop; it has settled, and the GPU stops billing, a moment later."""
        contract.epoch += 1
        contract.queued = False
        contract.intended = contract.next = "stopped"
        self.plan(now + self.options.settle_seconds, "stopped", contract)

    def stop_now(self, contract: Contract, now: float, to_stranger: bool = False) -> None:
        contract.epoch += 1
        contract.intended = contract.cur = contract.next = "stopped"
        contract.queued = False
        self._free_gpus(contract, now, to_stranger)
        self.enter(contract, "exited", now)

    def start(self, contract: Contract, now: float) -> bool:
        """False when the GPUs are taken: the start is queued then, and will bill once they come free."""
        if contract.intended == "running" and contract.holds_gpus:
            return True
        affordable = not contract.is_bid or contract.price >= contract.min_bid
        contract.epoch += 1
        contract.intended = "running"
        if contract.holds_gpus or (affordable and self.book.occupy(contract.machine_id, contract.gpus)):
            contract.holds_gpus = True
            self.boot(contract, now, first=False)
            self.enter(contract, "", now)
            return True
        contract.queued = True
        return False

    def rates(self, contract: Contract) -> dict[str, float]:
        if contract.offline:
            return {}
        gpu = contract.price if contract.holds_gpus and contract.stage in BILLS_GPU else 0.0
        return {"gpu": gpu, "disk": contract.disk_per_hour()}

    def answers_ssh(self, contract: Contract) -> bool:
        return contract.stage == "running" and contract.has_ssh and not contract.offline

    def release(self, contract: Contract, now: float) -> None:
        self._free_gpus(contract, now)

    def happen(self, event: Event, contract: Contract | None, now: float) -> None:
        if event.kind == "create":
            ask, order = msgspec.convert(event.args["ask"], Ask), msgspec.convert(event.args["order"], Order)
            self.rent(ask, order, now, reserved=True)
        elif event.kind == "delete_broke":
            for one in self.live() if self.state.broke else []:
                self.bury(one, "credit", now)
        elif contract is not None:
            self._happen_to(event, contract, now)

    def out_of_credit(self, now: float) -> None:
        for contract in self.live():
            self.stop_now(contract, now)
        self.plan(now + BROKE_GRACE_SECONDS, "delete_broke")

    def act(self, contract: Contract, action: str, args: dict[str, Any], now: float) -> bool:
        match action:
            case "stop":
                self.stop_now(contract, now)
            case "exit":
                self.enter(contract, "exited", now)
            case "offline" | "online":
                contract.offline = action == "offline"
                self.refresh(contract, now)
            case "seat":
                host = self.book.hosts[contract.machine_id]
                host.taken = max(0, host.taken - contract.gpus)
                self.start(contract, now)
            case "outbid":
                contract.min_bid = float(args.get("min_bid", contract.price * 1.25))
                self.stop_now(contract, now, to_stranger=True)
            case "price":
                contract.price = float(args["price"]) if "price" in args else contract.price * float(args["factor"])
                self.refresh(contract, now)
            case _:
                return False
        return True

    def plant(self, label: str | None, now: float) -> Contract:
        asks = [ask for ask in self.book.asks.values() if ask.on_demand and ask.rentable and ask.gpus == 1]
        contract = self.rent(self.dice.choice(asks), Order(label=label, runtype="ssh_direct"), now)
        contract.foreign = True
        return contract

    def churn(self, fraction: float, now: float) -> int:
        rented = {contract.machine_id for contract in self.machines.values()}
        return self.book.churn(fraction, self.dice, now, keep=rented)

    def view(self, contract: Contract, now: float) -> dict[str, Any]:
        shown = msgspec.to_builtins(contract)
        return {"market": self.name, "gpu": self.book.hosts[contract.machine_id].gpu_name, **shown}

    def _happen_to(self, event: Event, contract: Contract, now: float) -> None:
        match event.kind:
            case "stage":
                self.enter(contract, str(event.args["stage"]), now)
            case "running":
                self._run(contract, now)
            case "stopped":
                self.stop_now(contract, now)
            case "image_failed":
                contract.status_msg = f"Error response from daemon: manifest for {contract.image} not found"
                self.stop_now(contract, now)
            case "exit":
                self.enter(contract, "exited", now)
            case "vanish":
                self.bury(contract, "vanished", now)
            case "outbid" | "price":
                self.act(contract, event.kind, event.args, now)

    def _run(self, contract: Contract, now: float) -> None:
        if "no_space" in contract.mishaps:
            contract.status_msg = "failed to register layer: no space left on device"
            self.enter(contract, "exited", now)
            return
        contract.status_msg = f"success, running {contract.image.replace(':', '_')}/ssh"
        if (dead := contract.mishaps.get("machine.ssh_dead")) is not None:
            contract.ssh_mode = str(dead["mode"])
        self.enter(contract, "running", now)
        for name, kind in (("exits", "exit"), ("vanishes", "vanish"), ("outbid", "outbid"), ("price", "price")):
            if (mishap := contract.mishaps.pop(f"machine.{name}", None)) is not None:
                args = {"factor": mishap["factor"]} if "factor" in mishap else {}
                self.plan(now + float(mishap["seconds"]), kind, contract, **args)

    def _free_gpus(self, contract: Contract, now: float, to_stranger: bool = False) -> None:
        if not contract.holds_gpus:
            return
        contract.holds_gpus = False
        self.book.give_back(contract.machine_id, contract.gpus, to_stranger)
        for waiting in self.live():
            if waiting.queued and waiting.machine_id == contract.machine_id:
                self.start(waiting, now)

    def _mishaps(self, contract: Contract, host: Host, now: float) -> dict[str, dict[str, Any]]:
        facts = {"op": "create", "id": contract.id, "label": contract.label or "", "gpu": host.gpu_name}
        names = [name for name in SPECIAL if name.startswith("machine.")]
        return {name: params for name in names if (params := self.strike(name, now, **facts)) is not None}

    def _ports(self, contract: Contract) -> dict[str, int]:
        """Host ports by `22/tcp` and the like: SSH's is real, those for `-p` options are numbers only."""
        ports = {"22/tcp": contract.ssh_port} if contract.direct and contract.has_ssh else {}
        for option, _ in contract.env:
            if option.startswith("-p ") and (inner := option[3:].rpartition(":")[2].strip()):
                name = inner if "/" in inner else f"{inner}/tcp"
                ports.setdefault(name, 40_000 + self.dice.randrange(20_000))
        return ports
