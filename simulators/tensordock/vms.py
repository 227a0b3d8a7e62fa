"""Renting, reading and ending virtual machines of the fake TensorDock."""

from typing import Any

import msgspec

from simulators.router import Call, refuse
from simulators.server import Hangup, Reply
from simulators.tensordock import keyring
from simulators.tensordock.inventory import location_of_node
from simulators.tensordock.market import TensorDockMarket
from simulators.tensordock.order import Order, parse
from simulators.tensordock.vm import Vm, detail, listing

LEAST_BALANCE = 1.0
UNEXPECTED = "unexpected error during deployment"
STOPPED = ("stopped", "stoppeddisassociated")


def create(market: TensorDockMarket, call: Call) -> Reply:
    """POST /instances. Refusals of the market itself come with HTTP 200."""
    order = parse(call.request.json())
    facts = {"op": "create", "label": order.name, "gpu": order.v0_name}
    if market.state.ledger.credit(call.now) < LEAST_BALANCE:
        raise _sorry("You need at least $1 in your balance to deploy a virtual machine")
    if order.ssh_key_id is not None:
        order.ssh_key = keyring.find(market, order.ssh_key_id).value
    order.location_id = location_of_node(market, order.location_id) or order.location_id
    refused = market.strike("create.refused", call.now, **facts)
    if refused is not None:
        raise _sorry(refused["text"] or "No available nodes found")
    stock = market.stockroom.fit(order)
    if stock is None:
        raise _sorry("No available nodes found")
    address = None
    if order.dedicated_ip:
        address = market.dedicated_address() if stock.dedicated_ip else None
        if address is None:
            raise _sorry("No available public IPs on hostnode")
    if (late := market.strike("create.late", call.now, **facts)) is not None:
        market.plan(call.now + late["seconds"], "create", order=msgspec.to_builtins(order))
        if late["hang"]:
            raise Hangup(float(late["hang"]))
        return Reply(500, b"<html><h1>500</h1></html>", content_type="text/html")
    unexpected = market.strike("create.unexpected", call.now, **facts)
    if unexpected is not None and not unexpected["effect"]:
        return Reply(200, {"status": 400, "error": UNEXPECTED}, delay=float(unexpected["seconds"]))
    if not stock.forwarding or market.strike("create.no_forwards", call.now, **facts) is not None:
        order.forwards = []
    if (wrong := market.strike("create.wrong_label", call.now, **facts)) is not None:
        order.name = wrong["label"] or "vm"
    vm = market.rent(order, stock, call.now, address)
    if unexpected is not None:
        return Reply(200, {"status": 400, "error": UNEXPECTED}, delay=float(unexpected["seconds"]))
    return _created(market, vm, order, facts, call.now)


def _created(market: TensorDockMarket, vm: Vm, order: Order, facts: dict[str, str], now: float) -> Reply:
    if market.strike("create.twice", now, **facts) is not None:
        _twin(market, order, now)
    answer: dict[str, Any] = {"type": "virtualmachine", "id": vm.id, "name": vm.label, "status": "running"}
    if market.strike("create.no_id", now, **facts) is not None:
        del answer["id"]
    if market.strike("create.false_with_id", now, **facts) is not None:
        return Reply(200, {"status": 400, "error": UNEXPECTED, "data": answer})
    return Reply(200, {"data": answer})


def _twin(market: TensorDockMarket, order: Order, now: float) -> None:
    """A second machine of the same name, wherever there is room for one."""
    for location in market.state.locations:
        for stock in location.stocks:
            twin = msgspec.structs.replace(order, location_id=location.id, v0_name=stock.v0_name)
            if market.stockroom.fit(twin) is not None:
                market.rent(twin, stock, now)
                return


def list_all(market: TensorDockMarket, call: Call) -> Reply:
    """GET /instances: no paging, no totals."""
    now = call.now
    if market.strike("list.empty", now, op="list") is not None:
        items = []
    elif (stale := market.strike("list.stale", now, op="list")) is not None:
        then = now - float(stale["seconds"])
        items = [(vm, stage) for vm in market.machines.values() if (stage := vm.stage_at(then)) is not None]
    else:
        items = [(vm, vm.stage) for vm in market.machines.values() if vm.listed(now)]
    if (partial := market.strike("list.partial", now, op="list")) is not None:
        items = sorted(items, key=lambda item: item[0].created_at)[: -int(partial["hide"])]
    odd = market.strike("list.shape", now, op="list")
    shape = market.options.list_shape if odd is None else str(odd["shape"])
    return Reply(200, listing(items, shape, market.options.status_case))


def get_one(market: TensorDockMarket, call: Call) -> Reply:
    """GET /instances/{id}."""
    vm = market.machines.get(call.id())
    absent = market.strike("get.absent", call.now, op="get", id=call.id(), label=(vm and vm.label) or "")
    if vm is None or absent is not None or not vm.listed(call.now):
        raise _absent()
    return Reply(200, detail(vm, call.now, market.options.status_case))


def destroy(market: TensorDockMarket, call: Call) -> Reply:
    """DELETE /instances/{id}."""
    vm = _alive(market, call.id())
    facts = {"op": "destroy", "id": vm.id, "label": vm.label or ""}
    if market.strike("destroy.404", call.now, **facts) is not None:
        raise _absent()
    if (refused := market.strike("destroy.refused", call.now, **facts)) is not None:
        raise _sorry(refused["text"] or "The instance cannot be deleted right now")
    if market.strike("destroy.stops", call.now, **facts) is not None:
        market.halt(vm, call.now)
    elif market.strike("destroy.ignored", call.now, **facts) is None:
        market.bury(vm, "destroyed", call.now)
    return Reply(200, {"data": {"type": "success", "attributes": {"message": "Instance deleted successfully"}}})


def start(market: TensorDockMarket, call: Call) -> Reply:
    """POST /instances/{id}/start."""
    vm = _alive(market, call.id())
    if vm.stage not in STOPPED:
        raise refuse(409, {"error": "Instance is already running"})
    if market.state.ledger.credit(call.now) < LEAST_BALANCE:
        raise _sorry("You need at least $1 in your balance to start a virtual machine")
    if not market.start(vm, call.now):
        raise refuse(400, {"error": "No resources are available on the hostnode to start the instance"})
    return Reply(200, {"data": {"type": "instance", "id": vm.id, "attributes": {"status": "starting"}}})


def stop(market: TensorDockMarket, call: Call) -> Reply:
    """POST /instances/{id}/stop."""
    vm = _alive(market, call.id())
    if vm.stage in STOPPED:
        raise refuse(409, {"error": "Instance is already stopped"})
    market.halt(vm, call.now)
    return Reply(200, {"data": {"type": "instance", "id": vm.id, "attributes": {"status": "stopping"}}})


def modify(market: TensorDockMarket, call: Call) -> Reply:
    """PUT /instances/{id}/modify {cpuCores, ramGb, diskGb, gpus}: stopped machines only, and disks only grow."""
    vm = _alive(market, call.id())
    body = call.request.object()
    if vm.stage not in STOPPED:
        raise refuse(400, {"error": "Instance must be stopped"})
    stock = market.stockroom.find(vm.location_id, vm.v0_name)
    try:
        vcpus, ram_gb = int(body.get("cpuCores", vm.vcpus)), int(body.get("ramGb", vm.ram_gb))
        storage_gb, gpus = int(body.get("diskGb", vm.storage_gb)), int(body.get("gpus", {}).get("count", vm.gpus))
    except (AttributeError, TypeError, ValueError):
        raise refuse(400, {"error": "Invalid request"}) from None
    if vcpus < 2 or vcpus % 2 or ram_gb < 1 or storage_gb < vm.storage_gb or storage_gb % 50 or gpus < vm.gpus:
        raise refuse(400, {"error": "Invalid resources"})
    if stock is None:
        raise refuse(400, {"error": "No resources are available on the hostnode"})
    held = vm.holds_stock
    market.stockroom.give_back(vm)
    before = vm.vcpus, vm.ram_gb, vm.storage_gb, vm.gpus
    vm.vcpus, vm.ram_gb, vm.storage_gb, vm.gpus = vcpus, ram_gb, storage_gb, gpus
    if held and not market.stockroom.take(vm):
        vm.vcpus, vm.ram_gb, vm.storage_gb, vm.gpus = before
        market.stockroom.take(vm)
        raise refuse(400, {"error": "No resources are available on the hostnode"})
    market.reprice(vm, stock, call.now)
    return Reply(200, {"data": {"type": "success", "attributes": {"message": "Instance modified successfully"}}})


def _alive(market: TensorDockMarket, vm_id: str) -> Vm:
    vm = market.machines.get(vm_id)
    if vm is None or not vm.alive:
        raise _absent()
    return vm


def _absent() -> Exception:
    return refuse(404, {"error": "Instance not found"})


def _sorry(text: str) -> Exception:
    return refuse(200, {"status": 400, "error": text})
