"""What a grant means: IAM statements, and the environment that tells the function where the thing is.

Actions and resources are listed one by one. There is no `*` but where AWS knows no resource: nowhere, today.
"""

from collections.abc import Callable
from typing import Any

from chalicelib.settings import MARKETS
from deploy.functions import API, FUNCTIONS, Grant
from deploy.names import Json, condition, get, logs_of, parameter, ref, sub
from deploy.state import INDEXES

RELEASE = "release"
"""Stands for the digest of the code, which is known last. No parameter: an update would keep its old value."""

_ROWS = ("GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem")


def policy(name: str, stage: str) -> Json:
    """The policy document of one function's role."""
    statements = [_statement("Logs", ["logs:CreateLogStream", "logs:PutLogEvents"], [get(logs_of(name), "Arn")])]
    statements += [_STATEMENTS[grant](stage) for grant in FUNCTIONS[name].grants]
    return {"Version": "2012-10-17", "Statement": statements}


def environment(name: str, stage: str) -> Json:
    """The variables of one function; a place it may not touch is not named."""
    grants = set(FUNCTIONS[name].grants)
    variables: Json = {
        "SHOPPER_DEPLOYMENT": stage,
        "SHOPPER_RELEASE": sub(f"{RELEASE}-${{Restart}}"),
        "SHOPPER_PROVIDERS": MARKETS_IN_USE,
        "LOG_LEVEL": ref("LogLevel"),
    }
    if Grant.TABLE in grants:
        variables["SHOPPER_TABLE"] = ref("Table")
    if Grant.WAKE in grants:
        variables["SHOPPER_QUEUE_URL"] = ref("Queue")
    if grants & {Grant.PUBLISH, Grant.SUBSCRIBE}:
        variables["SHOPPER_TOPIC_ARN"] = ref("Topic")
    if grants & {Grant.SECRETS, Grant.SIGNING}:
        variables["SHOPPER_SECRETS_PATH"] = parameter(stage)
    if Grant.MARKETS in grants:
        variables["SHOPPER_PROVIDER_SECRETS_PATH"] = f"{parameter(stage)}/provider"
    # The API's own address would be a circle in the template: it stands in the definition that names its function.
    address = sub(f"https://${{RestAPI}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}/{stage}")
    own = ref("AWS::NoValue") if name == API else address
    variables["SHOPPER_PUBLIC_URL"] = {"Fn::If": ["HasPublicUrl", ref("PublicUrl"), own]}
    return variables


MARKETS_IN_USE: Json = {
    "Fn::Join": [",", [{"Fn::If": [condition(name), name, ref("AWS::NoValue")]} for name in MARKETS]]
}


def _statement(sid: str, actions: list[str], resources: list[Any]) -> Json:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}


def _table(_: str) -> Json:
    indexes = [sub(f"${{Table.Arn}}/index/{index}") for index in INDEXES]
    return _statement("Table", [f"dynamodb:{action}" for action in _ROWS], [get("Table", "Arn"), *indexes])


def _read(sid: str, *names: str) -> Callable[[str], Json]:
    def statement(stage: str) -> Json:
        return _statement(sid, ["ssm:GetParameters", "ssm:GetParameter"], [_arn(stage, name) for name in names])

    return statement


def _lengthen(stage: str) -> Json:
    return _statement("Lengthen", ["ssm:PutParameter"], [_arn(stage, "override/*")])


def _on(sid: str, resource: str, *actions: str) -> Callable[[str], Json]:
    def statement(_: str) -> Json:
        return _statement(sid, list(actions), [ref(resource) if resource == "Topic" else get(resource, "Arn")])

    return statement


def _arn(stage: str, name: str) -> Json:
    return sub(f"arn:${{AWS::Partition}}:ssm:${{AWS::Region}}:${{AWS::AccountId}}:parameter{parameter(stage)}/{name}")


_STATEMENTS: dict[Grant, Callable[[str], Json]] = {
    Grant.TABLE: _table,
    Grant.WAKE: _on("Wake", "Queue", "sqs:SendMessage"),
    Grant.CONSUME: _on("Consume", "Queue", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
    Grant.PUBLISH: _on("Publish", "Topic", "sns:Publish"),
    Grant.SUBSCRIBE: _on("Subscribe", "Topic", "sns:Subscribe", "sns:Unsubscribe"),
    Grant.SECRETS: _read("Secrets", "signing-keys", "pepper"),
    Grant.SIGNING: _read("Signing", "signing-keys"),
    Grant.MARKETS: _read("Markets", *(f"provider/{name}" for name in MARKETS)),
    Grant.LENGTHEN: _lengthen,
    Grant.OVERRIDES: _read("Overrides", "override/*"),
}
