"""The token test and the secrets of the fake TensorDock."""

import uuid
from typing import Any

from simulators.router import Call, refuse
from simulators.server import Reply
from simulators.tensordock.market import Secret, TensorDockMarket

TYPES = ("SSHKEY", "GENERIC", "SECRET")


def auth_test(market: TensorDockMarket, call: Call) -> Reply:
    """POST /auth/test."""
    return Reply(200, {"success": True, "organizationId": str(uuid.UUID(int=market.state.seed))})


def list_secrets(market: TensorDockMarket, call: Call) -> Reply:
    """GET /secrets: names only."""
    return Reply(200, {"data": {"secrets": [_shown(secret) for secret in market.state.secrets]}})


def add_secret(market: TensorDockMarket, call: Call) -> Reply:
    """POST /secrets {"data": {"type": "secret", "attributes": {name, type, value}}}."""
    try:
        given = call.request.json()["data"]["attributes"]
        name, kind, value = str(given["name"]), str(given["type"]), str(given["value"])
    except (KeyError, TypeError):
        raise refuse(400, {"error": "name, type and value are required"}) from None
    if kind not in TYPES:
        raise refuse(400, {"error": f"type must be one of {', '.join(TYPES)}"})
    secret = Secret(id=str(uuid.UUID(int=market.dice.getrandbits(128), version=4)), name=name, type=kind, value=value)
    market.state.secrets.append(secret)
    return Reply(200, {"data": {"type": "secret", "id": secret.id, "name": secret.name}})


def get_secret(market: TensorDockMarket, call: Call) -> Reply:
    """GET /secrets/{id}."""
    secret = find(market, call.id())
    return Reply(200, {"data": {**_shown(secret), "value": secret.value}})


def remove_secret(market: TensorDockMarket, call: Call) -> Reply:
    """DELETE /secrets/{id}."""
    market.state.secrets.remove(find(market, call.id()))
    return Reply(200, {"data": {"type": "success", "attributes": {"message": "Secret deleted successfully"}}})


def find(market: TensorDockMarket, secret_id: str) -> Secret:
    for secret in market.state.secrets:
        if secret.id == secret_id:
            return secret
    raise refuse(404, {"error": "Secret not found"})


def _shown(secret: Secret) -> dict[str, Any]:
    return {"id": secret.id, "name": secret.name, "type": secret.type}
