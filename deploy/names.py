"""Names and intrinsics that the parts of the template share."""

from typing import Any

from chalice.utils import to_cfn_resource_name

from deploy.functions import API

Json = dict[str, Any]

STAGES = ("dev", "prod")

OUTLIVES = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
"""Stays when its stack goes, also one that could not be made: `RetainExceptOnCreate` would have the rollback delete it,
which fails at a protected table, and takes from other stages what the account shares. The next try takes a table over.
"""


def ref(name: str) -> Json:
    return {"Ref": name}


def get(name: str, attribute: str) -> Json:
    return {"Fn::GetAtt": [name, attribute]}


def sub(text: str) -> Json:
    return {"Fn::Sub": text}


def resource(name: str) -> str:
    """The function's logical id, as Chalice gives it."""
    return "APIHandler" if name == API else str(to_cfn_resource_name(name))


def role(name: str) -> str:
    return str(to_cfn_resource_name(f"{name}_role"))


def logs_of(name: str) -> str:
    return f"{resource(name)}Logs"


def function_name(name: str, stage: str) -> str:
    return f"shopper-{stage}-{'api' if name == API else name}"


def parameter(stage: str) -> str:
    """Where in SSM a stage keeps its secrets and overrides."""
    return f"/gpu-shopper/{stage}"


def condition(market: str) -> str:
    """The template's condition that this market is in use."""
    return f"Use{market.capitalize()}"
