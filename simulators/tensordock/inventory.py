"""What the fake TensorDock tells of its stock: locations for everybody, hostnodes for those with a token."""

import uuid
from typing import Any

from simulators.router import Call, refuse
from simulators.server import Reply
from simulators.tensordock.catalogue import Location, Stock
from simulators.tensordock.market import TensorDockMarket


def locations(market: TensorDockMarket, call: Call) -> Reply:
    """GET /locations. Sold-out models vanish."""
    rows = [_location(location) for location in market.state.locations]
    return Reply(200, {"data": {"locations": [row for row in rows if row["gpus"]]}})


def hostnodes(market: TensorDockMarket, call: Call) -> Reply:
    """GET /hostnodes: empty, as since the summer of 2026, unless switched on."""
    return Reply(200, {"data": {"hostnodes": _nodes(market) if market.options.hostnodes else []}})


def hostnode(market: TensorDockMarket, call: Call) -> Reply:
    """GET /hostnodes/{id}."""
    for node in _nodes(market) if market.options.hostnodes else []:
        if node["id"] == call.id():
            return Reply(200, {"data": node})
    raise refuse(404, {"error": "Hostnode not found"})


def location_of_node(market: TensorDockMarket, node_id: str) -> str | None:
    """Where a hostnode stands; one per location and model."""
    return next((node["location_id"] for node in _nodes(market) if node["id"] == node_id), None)


def _location(location: Location) -> dict[str, Any]:
    return {
        "id": location.id,
        "city": location.city,
        "stateprovince": location.state,
        "country": location.country,
        "tier": location.tier,
        "gpus": [_gpu(stock) for stock in location.stocks if stock.count > 0],
    }


def _gpu(stock: Stock) -> dict[str, Any]:
    return {
        "v0Name": stock.v0_name,
        "displayName": stock.display_name,
        "max_count": stock.count,
        "price_per_hr": stock.price,
        "resources": {
            "max_vcpus": stock.vcpus,
            "max_ram_gb": stock.ram_gb,
            "max_storage_gb": stock.storage_gb,
        },
        "pricing": _pricing(stock),
        "network_features": {
            "dedicated_ip_available": stock.dedicated_ip,
            "port_forwarding_available": stock.forwarding,
            "network_storage_available": False,
        },
    }


def _pricing(stock: Stock) -> dict[str, float]:
    return {
        "per_vcpu_hr": stock.vcpu_price,
        "per_gb_ram_hr": stock.ram_price,
        "per_gb_storage_hr": stock.storage_price,
    }


def _nodes(market: TensorDockMarket) -> list[dict[str, Any]]:
    return [
        _node(location, stock) for location in market.state.locations for stock in location.stocks if stock.count > 0
    ]


def _node(location: Location, stock: Stock) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid5(uuid.UUID(location.id), stock.v0_name)),
        "location_id": location.id,
        "engine": "kvm",
        "uptime_percentage": 99.5,
        "available_resources": {
            "gpus": [{"v0Name": stock.v0_name, "availableCount": stock.count, "price_per_hr": stock.price}],
            "vcpu_count": stock.vcpus,
            "ram_gb": stock.ram_gb,
            "storage_gb": stock.storage_gb,
            "available_ports": list(range(20_000, 20_020)) if stock.forwarding else [],
            "has_public_ip_available": stock.dedicated_ip,
        },
        "pricing": _pricing(stock),
        "location": {
            "uuid": location.id,
            "city": location.city,
            "stateprovince": location.state,
            "country": location.country,
            "has_network_storage": False,
            "network_speed_gbps": 10.0,
            "network_speed_upload_gbps": 10.0,
            "organization": "sim",
            "organizationName": "Simulated Hosting",
            "tier": location.tier,
        },
    }
