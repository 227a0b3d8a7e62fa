"""What the Vast.ai tests share: the adapter on a transport that a function answers, rows, orders, and a market."""

import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
import urllib3
from requests.adapters import BaseAdapter

from chalicelib.domain.offer import Offer
from chalicelib.domain.policy import Policy
from chalicelib.ports import LaunchOrder
from chalicelib.providers.http import Http
from chalicelib.providers.vastai import VastAi
from chalicelib.providers.vastai_offers import parse
from tests.fakes.clock import START, ManualClock
from tests.fakes.gate import OpenGate

RECORDED = Path(__file__).parents[2] / ".." / "shared" / "data" / "vastai"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
TAG = "shopper-local-01j00000000000000000000000-abcdefgh"

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it would have left."""

    method: str
    path: str
    params: dict[str, str]
    json: Any
    headers: dict[str, Any] = field(repr=False)


Answer = object
"""A body for status 200, (status, body), or an exception to raise. A body that is no string travels as JSON."""


class Wire(BaseAdapter):
    """Each request is answered by `market`; no socket is opened."""

    def __init__(self, market: Callable[[Asked], Answer]) -> None:
        super().__init__()
        self._market = market
        self.asked: list[Asked] = []

    def session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.mount("http://", self)
        return session

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
        url = urlsplit(str(request.url))
        sent = json.loads(request.body) if isinstance(request.body, bytes) else None
        asked = Asked(str(request.method), url.path, dict(parse_qsl(url.query)), sent, {**request.headers})
        self.asked.append(asked)
        answer = self._market(asked)
        if isinstance(answer, BaseException):
            raise answer
        status, body = answer if isinstance(answer, tuple) else (200, answer)
        content = body if isinstance(body, str) else json.dumps(body)
        response = requests.Response()
        response.status_code = status
        response.raw = urllib3.HTTPResponse(io.BytesIO(content.encode()), preload_content=False)
        response.request = request
        return response

    def close(self) -> None:
        pass


def vastai(
    market: Callable[[Asked], Answer], clock: ManualClock | None = None, gate: OpenGate | None = None
) -> tuple[VastAi, Wire]:
    wire = Wire(market)
    clock = clock or ManualClock()
    http = Http("vastai", "http://vast.test", "key", Policy(), gate or OpenGate(), clock, wire.session)
    return VastAi(http, clock), wire


def answering(*answers: Answer) -> tuple[VastAi, Wire]:
    """The adapter on a market that gives these answers, one after the other."""
    left = list(answers)
    return vastai(lambda asked: left.pop(0))


class Market:
    """Searches as the real one answers them: filters, order, and never more than `cap` rows."""

    def __init__(self, rows: Iterable[Row], cap: int = 64) -> None:
        self.rows = list(rows)
        self.cap = cap

    def __call__(self, asked: Asked) -> Answer:
        assert (asked.method, asked.path) == ("POST", "/api/v0/bundles/")
        query = asked.json
        found = [row for row in self.rows if row.get("rental_type", query["type"]) == query["type"]]
        for column, conditions in query.items():
            if isinstance(conditions, dict):
                found = [row for row in found if all(_holds(row, column, *one) for one in conditions.items())]
        for column, direction in reversed(query["order"]):
            found.sort(key=lambda row, column=column: row[column], reverse=direction == "desc")  # type: ignore[misc]
        return {"offers": found[: min(self.cap, query["limit"])]}


def _holds(row: Row, column: str, operator: str, wanted: Any) -> bool:
    value = row["id"] if column == "ask_contract_id" else row.get(column, True)
    return bool({"eq": value == wanted, "gte": value >= wanted}[operator])


def a_row(number: int = 1, **fields: Any) -> Row:
    """A good offer of the market, at 8 GB of disk; `fields` replace its own."""
    row: Row = {
        "id": number,
        "ask_contract_id": number,
        "machine_id": 4711,
        "gpu_name": "RTX 4090",
        "num_gpus": 2,
        "gpu_ram": 24564,
        "dph_base": 0.5,
        "storage_cost": 0.18,
        "min_bid": 0.3,
        "geolocation": "Texas, US",
        "verification": "verified",
        "reliability2": 0.99,
        "rentable": True,
        "duration": 7200.0,
        **fields,
    }
    if isinstance(row["dph_base"], float) and isinstance(row["storage_cost"], float):
        row.setdefault("dph_total", row["dph_base"] + row["storage_cost"] * 8 / 720)
    return row


def an_offer(*, spot: bool = False, **fields: Any) -> Offer:
    offer = parse(a_row(**fields), spot=spot, fetched_at=START)
    assert offer is not None
    return offer


def an_order(offer: Offer | None = None, **fields: Any) -> LaunchOrder:
    return LaunchOrder(**{"tag": TAG, "offer": offer or an_offer(), "disk_gb": 40, "ssh_public_key": KEY, **fields})


def a_machine(number: int = 7, **fields: Any) -> Row:
    return {"id": number, "label": TAG, "actual_status": "running", "intended_status": "running", **fields}
