"""What every function asks of AWS, held against its policy: nothing it needs is missing, nothing it has is idle."""

import json

import pytest
from botocore.session import get_session

from chalicelib.domain.schedule import EVERY
from deploy.functions import API, FUNCTIONS
from deploy.names import function_name
from tests.deploy import events
from tests.deploy.iam import Act, allows
from tests.deploy.runtime import HandlerFailed
from tests.deploy.stage import SSH_KEY, Rehearsal

pytestmark = pytest.mark.stack

TENANTS = "canary-of-a-tenant"

BY_LAMBDA = {
    "logs:CreateLogStream", "logs:PutLogEvents",  # Lambda itself writes what the function prints
    "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes",  # and hands it its messages
}  # fmt: skip
"""What Lambda does with the function's role."""


@pytest.fixture(scope="module")
def lived(stack: Rehearsal) -> Rehearsal:
    """A day of a deployment: everything that people ask for, and everything that the clock does."""
    stack.more["LOG_LEVEL"] = "debug"  # whatever it would say at all
    stack.ask("GET", "/inventory", stack.key)
    stack.invoke("inventory", events.tick("inventory"))
    _people(stack)
    _a_machine(stack)
    for sweep in EVERY:
        assert stack.ask("POST", "/sweeps/{name}", stack.key, name=sweep)[0] == 202
    while stack.wake():
        pass
    stack.tell("of the rights")
    stack.leave_turns()
    for name in sorted(set(FUNCTIONS) - {API, "worker"}):
        stack.invoke(name, events.tick(name))
    # A machine past its hard max is what makes the janitor ask for overrides: here every machine is.
    for name, event in (("janitor", events.tick("janitor")), ("worker", events.message('{"sweep": "janitor"}'))):
        stack.invoke(name, event, SHOPPER_HARD_MAX_SECONDS="1", SHOPPER_JANITOR_GRACE_SECONDS="0")
    return stack


def _people(stack: Rehearsal) -> None:
    _, told = stack.ask("POST", "/consumers", stack.key, {"id": "ada"})
    status, key = stack.ask("POST", "/consumers/{id}/keys", stack.key, id="ada")
    assert (told["id"], status) == ("ada", 201)
    assert stack.ask("GET", "/me", key["key"])[0] == 200
    stack.ask("DELETE", "/consumers/{id}/keys/{key_id}", stack.key, id="ada", key_id=key["key_id"])
    stack.ask("PATCH", "/consumers/{id}", stack.key, {"max_sessions": 1}, id="ada")
    budget = {"period": "day", "limit": 5, "thresholds": [0.5], "on_exceeded": "block"}
    assert stack.ask("PUT", "/budgets/{consumer}", stack.key, budget, consumer="ada")[0] == 200
    for path in ("/sessions", "/costs", "/alerts", "/consumers", "/alerts/subscriptions", "/health"):
        assert stack.ask("GET", path, stack.key)[0] in (200, 503)  # health is down before the first pass
    wanted = {"protocol": "email", "endpoint": "ada@example.com", "consumer": "ada"}
    status, told = stack.ask("POST", "/alerts/subscriptions", stack.key, wanted)
    assert status == 201, told
    assert stack.invoke(API, events.request("DELETE", "/alerts/subscriptions/{id}", stack.key, id=told["id"]))[
        "statusCode"
    ] in (200, 204)


def _a_machine(stack: Rehearsal) -> None:
    """Rented, lengthened past the hard max, looked at, and ended."""
    order = {
        "requirements": {"provider": ["vastai"]},
        "ssh_public_key": SSH_KEY,
        "hours": 1,
        "env": {"HF_TOKEN": TENANTS},
        "onstart": f"login --password {TENANTS}",
    }
    status, session = stack.ask("POST", "/sessions", stack.key, order)
    assert status == 202, session
    assert stack.wake() >= 1
    longer = {"hours": 20, "override": True}
    status, told = stack.ask("POST", "/sessions/{id}/extend", stack.key, longer, id=session["id"])
    assert status == 200, told
    for path in ("/sessions/{id}", "/sessions/{id}/events"):
        assert stack.ask("GET", path, stack.key, id=session["id"])[0] == 200
    # Once more, and left alive for the janitor.
    assert stack.ask("POST", "/sessions", stack.key, order)[0] == 202
    stack.wake()
    assert stack.ask("DELETE", "/sessions/{id}", stack.key, id=session["id"])[0] == 202


def test_no_function_was_refused_anything(lived: Rehearsal) -> None:
    assert lived.refused == []


def test_every_right_is_used_by_somebody_who_has_it(lived: Rehearsal) -> None:
    """By each function that has it, on a day without trouble, it need not be: what is due nowhere ends nothing."""
    idle = set()
    for name in FUNCTIONS:
        for statement in lived.aws.policy(function_name(name, "prod")):
            rights = {(statement["Sid"], action) for action in statement["Action"] if statement["Effect"] == "Allow"}
            idle |= {right for right in rights if right[1] not in BY_LAMBDA}
    for name in FUNCTIONS:
        assert lived.used(name), f"{name} asked for nothing at all"
        for statement in lived.aws.policy(function_name(name, "prod")):
            used = {act.action for act in lived.used(name) if allows([statement], act)}
            idle -= {(statement["Sid"], action) for action in used}
    assert idle == set()


def test_no_secret_comes_out_of_any_function(lived: Rehearsal) -> None:
    """Logs at their loudest, answers, messages; and what is kept in the table, but for what a launch needs there."""
    parameters = lived.aws.client("ssm")
    kept = {
        name: parameters.get_parameter(Name=f"/gpu-shopper/prod/{name}", WithDecryption=True)["Parameter"]["Value"]
        for name in ("signing-keys", "pepper", "provider/vastai", "provider/tensordock")
    }
    agents = {value for name, value in lived.rented() if name in ("SHOPPER_TOKEN", "SHOPPER_SECRET")}
    assert len(agents) >= 2
    secrets = {*kept.values(), lived.key.split("_")[2], *(token.split("_")[-1] for token in agents)}
    said = "\n".join(lived.said)
    assert '"level":"DEBUG"' in said
    assert [secret for secret in {*secrets, TENANTS} if secret in said] == []
    with lived.operator():
        table = get_session().create_client("dynamodb")
        rows = json.dumps(list(table.get_paginator("scan").paginate(TableName="shopper-prod")), default=str)
    assert TENANTS in rows  # so the rows are really here
    assert [secret for secret in secrets if secret in rows] == []


def test_the_gate_refuses_what_a_policy_does_not_say() -> None:
    policy = [
        {"Effect": "Allow", "Action": ["ssm:GetParameters"], "Resource": ["arn:aws:ssm:r:1:parameter/a/*"]},
        {"Effect": "Deny", "Action": ["ssm:GetParameters"], "Resource": ["arn:aws:ssm:r:1:parameter/a/b"]},
    ]
    assert allows(policy, Act("ssm:GetParameters", "arn:aws:ssm:r:1:parameter/a/c"))
    assert not allows(policy, Act("ssm:GetParameters", "arn:aws:ssm:r:1:parameter/a/b"))
    assert not allows(policy, Act("ssm:GetParameters", "arn:aws:ssm:r:1:parameter/b"))
    assert not allows(policy, Act("ssm:GetParameter", "arn:aws:ssm:r:1:parameter/a/c"))


def test_a_function_that_asks_for_too_much_is_refused(stack: Rehearsal) -> None:
    """The janitor with the API's environment: its role has no table, whatever it is told."""
    table = stack.aws.environment("shopper-prod-api")["SHOPPER_TABLE"]
    with pytest.raises(HandlerFailed, match="AccessDenied"):
        stack.invoke("janitor", events.tick("janitor"), SHOPPER_TABLE=table)
    assert {who for who, _ in stack.refused} == {"shopper-prod-janitor"}
