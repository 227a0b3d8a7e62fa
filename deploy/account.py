"""Before a deployment: is the account ready, what did an earlier one leave behind, and what may be reserved."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.settings import MARKETS
from deploy import state
from deploy.functions import FUNCTIONS
from deploy.names import parameter

Clients = Callable[[str], Any]
"""A botocore client, by the name of its service."""

# The very first deployment failed: CloudFormation updates no such. Under review stands what has nothing but a change
# set that failed or was not executed; taken for a stack it would hide a table that waits to be taken over.
_NEVER_WORKED = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "REVIEW_IN_PROGRESS")
_UPDATABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE")
_LEFT_TO_ALL = 100  # concurrent calls that AWS lets nobody reserve
_RESERVED = sum(function.reserved or 0 for function in FUNCTIONS.values())


class NotReady(Exception):
    """What a person must do first, in one line."""


def prepare(stage: str, given: Sequence[str], clients: Clients, note: Callable[[str], None]) -> list[str]:
    """The parameters to deploy with: `given`, as `Name=value`, and what the account makes necessary.

    A stack that could never be made is removed, and a table that outlived its stack becomes part of a new one.
    Raises NotReady.
    """
    stacks, name = clients("cloudformation"), f"gpu-shopper-{stage}"
    stack = _stack(stacks, name)
    if stack is not None and stack["StackStatus"] in _NEVER_WORKED:
        note(f"{name} could not be made the last time: removing what is left of it")
        stacks.delete_stack(StackName=name)
        stacks.get_waiter("stack_delete_complete").wait(StackName=name)
        stack = None
    if stack is not None and stack["StackStatus"] not in _UPDATABLE:
        raise NotReady(f"the stack {name} is {stack['StackStatus']}: look at it in CloudFormation first")
    wanted = dict(one.partition("=")[::2] for one in given)
    before = {one["ParameterKey"]: one.get("ParameterValue", "") for one in (stack or {}).get("Parameters", ())}
    _market_keys(stage, {**before, **wanted}, clients("ssm"))
    if not before and "ReserveConcurrency" not in wanted and not _can_reserve(clients("lambda")):
        note(f"this account has too little concurrency to reserve {_RESERVED} of it: ReserveConcurrency=no")
        wanted["ReserveConcurrency"] = "no"
    if stack is None and _has_table(clients("dynamodb"), stage):
        note(f"the table shopper-{stage} outlived its stack: the new one takes it over")
        _adopt(stacks, name, stage)
    return [f"{key}={value}" for key, value in wanted.items()]


def _stack(stacks: Any, name: str) -> Mapping[str, Any] | None:
    try:
        found: list[Mapping[str, Any]] = stacks.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":  # its way to say that there is none
            return None
        raise
    return next((stack for stack in found if stack["StackStatus"] != "DELETE_COMPLETE"), None)


def _market_keys(stage: str, settings: Mapping[str, str], ssm: Any) -> None:
    used = [market for market in MARKETS if settings.get(market.capitalize(), "yes") == "yes"]
    if not used:
        raise NotReady(f"no market in use: say yes to one of {', '.join(market.capitalize() for market in MARKETS)}")
    otherwise = {f"{parameter(stage)}/provider/{market}": f"{market.capitalize()}=no" for market in used}
    if settings.get("JanitorKeys") == "yes":
        otherwise |= {f"{parameter(stage)}/janitor/{market}": "JanitorKeys=no" for market in used}
    for name in sorted(ssm.get_parameters(Names=sorted(otherwise))["InvalidParameters"]):
        raise NotReady(f"no key in SSM at {name}: put it there (docs/deploy.md), or deploy with {otherwise[name]}")


def _can_reserve(functions: Any) -> bool:
    limit: int = functions.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    return limit - _RESERVED >= _LEFT_TO_ALL


def _has_table(tables: Any, stage: str) -> bool:
    try:
        tables.describe_table(TableName=f"shopper-{stage}")
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return False
        raise
    return True


def _adopt(stacks: Any, name: str, stage: str) -> None:
    """A stack of the table alone, by import; the deployment that follows adds everything else to it."""
    template = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"Table": state.table(stage)}}
    table = {
        "ResourceType": "AWS::DynamoDB::Table",
        "LogicalResourceId": "Table",
        "ResourceIdentifier": {"TableName": f"shopper-{stage}"},
    }
    change = {"StackName": name, "ChangeSetName": "adopt-table"}
    stacks.create_change_set(
        **change, ChangeSetType="IMPORT", TemplateBody=json.dumps(template), ResourcesToImport=[table]
    )
    stacks.get_waiter("change_set_create_complete").wait(**change)
    stacks.execute_change_set(**change)
    stacks.get_waiter("stack_import_complete").wait(StackName=name)
