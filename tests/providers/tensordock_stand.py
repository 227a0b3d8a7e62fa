"""What the TensorDock tests share: the adapter on canned answers, and rows of its inventory."""

from pathlib import Path
from typing import Any

import msgspec
from hypothesis import strategies as st

from chalicelib.domain.offer import Offer
from chalicelib.domain.policy import Policy
from chalicelib.ports import LaunchOrder
from chalicelib.providers.http import Http
from chalicelib.providers.tensordock import TensorDock
from chalicelib.providers.tensordock_offers import read_offers
from tests.fakes.clock import START, ManualClock
from tests.fakes.gate import OpenGate
from tests.providers.canned import Canned

RECORDED = Path(__file__).parents[2] / ".." / "shared" / "data" / "tensordock"
WHERE = "8dd95ff0-dff9-489c-9b02-b38a366b6ab1"
MACHINE = "468b716a-6747-4cbe-9f13-afc153a21c14"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
"""Anything that an answer may hold."""


def tensordock(*replies: object) -> tuple[TensorDock, Canned]:
    """The adapter, and the transport that gives it these answers, one after the other."""
    canned = Canned(*replies)
    clock = ManualClock()
    http = Http("tensordock", "http://tensordock.test", "token", Policy(), OpenGate(), clock, canned.session)
    return TensorDock(http, clock, Policy().tensordock_create_seconds), canned


def row(**fields: Any) -> dict[str, Any]:
    """A good GPU row; `fields` replace its own, those of the nested objects by their own names."""
    found: dict[str, Any] = {
        "v0Name": "geforcertx4090-pcie-24gb",
        "displayName": "NVIDIA GeForce RTX 4090 PCIe 24GB",
        "max_count": 4,
        "price_per_hr": 0.35,
        "resources": {"max_vcpus": 124, "max_ram_gb": 488, "max_storage_gb": 2200},
        "pricing": {"per_vcpu_hr": 0.003, "per_gb_ram_hr": 0.002, "per_gb_storage_hr": 0.00005},
        "network_features": {
            "dedicated_ip_available": False,
            "port_forwarding_available": True,
            "network_storage_available": False,
        },
    }
    for name, value in fields.items():
        nested = next((part for part in found.values() if isinstance(part, dict) and name in part), found)
        nested[name] = value
    return found


def locations(*rows: object, **fields: Any) -> dict[str, Any]:
    """An inventory of one location."""
    place = {"id": WHERE, "city": "Orlando", "stateprovince": "Florida", "country": "United States", "tier": 1}
    return {"data": {"locations": [{**place, "gpus": list(rows), **fields}]}}


def an_offer(**fields: Any) -> Offer:
    [offer] = read_offers(locations(row(**fields)), START)
    return offer


def an_order(offer: Offer | None = None, **fields: Any) -> LaunchOrder:
    plain = LaunchOrder(tag="shopper-x", offer=offer or an_offer(), disk_gb=40, ssh_public_key=KEY)
    return msgspec.structs.replace(plain, **fields)
