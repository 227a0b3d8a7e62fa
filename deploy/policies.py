"""What a grant means: IAM statements, and the environment that tells the function where the thing is.

Actions and resources are listed one by one. There is no `*` but where AWS knows no resource: to end a subscription.
AWS's own keys (of SNS and SSM) let everybody in the account use them through their service who may use the thing
itself; no statement about keys is needed.
"""

from collections.abc import Callable
from typing import Any

from chalicelib.settings import MARKETS
from deploy.functions import API, FUNCTIONS, Grant
from deploy.names import Json, condition, get, logs_of, parameter, ref, sub
from deploy.state import INDEXES

Statements = Callable[[str], list[Json]]
"""What a grant says in the policy, by stage."""

RELEASE = "release"
"""Stands for the digest of the code, which is known last. No parameter: an update would keep its old value."""

_ROWS = ("GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem")


def policy(name: str, stage: str) -> Json:
    """The policy document of one function's role."""
    statements = [_statement("Logs", ["logs:CreateLogStream", "logs:PutLogEvents"], [get(logs_of(name), "Arn")])]
    for grant in FUNCTIONS[name].grants:
        statements += _STATEMENTS[grant](stage)
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
    if Grant.LAST_RESORT in grants:
        variables["SHOPPER_PROVIDER_SECRETS_PATH"] = _own(f"{parameter(stage)}/janitor", f"{parameter(stage)}/provider")
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


def _table(_: str) -> list[Json]:
    indexes = [sub(f"${{Table.Arn}}/index/{index}") for index in INDEXES]
    return [
        _statement("Table", [f"dynamodb:{action}" for action in _ROWS], [get("Table", "Arn")]),
        _statement("Indexes", ["dynamodb:Query"], indexes),
    ]


def _parameters(sid: str, action: str, *names: str) -> Statements:
    def statements(stage: str) -> list[Json]:
        return [_statement(sid, [f"ssm:{action}"], [_arn(stage, name) for name in names])]

    return statements


def _on(sid: str, resource: str, *actions: str) -> Statements:
    def statements(_: str) -> list[Json]:
        return [_statement(sid, list(actions), [ref(resource) if resource == "Topic" else get(resource, "Arn")])]

    return statements


def _subscribe(_: str) -> list[Json]:
    """Unsubscribe takes a subscription, which is no resource to IAM: only `*` allows it. Not for the alarms, though."""
    return [
        _statement("Subscribe", ["sns:Subscribe"], [ref("Topic")]),
        _statement("Unsubscribe", ["sns:Unsubscribe"], ["*"]),
        {**_statement("KeepAlarms", ["sns:Unsubscribe"], [ref("AlarmTopic")]), "Effect": "Deny"},
    ]


def _own(own: object, shared: object) -> Json:
    """The janitor's, where it has keys of its own."""
    return {"Fn::If": ["JanitorKeys", own, shared]}


def _last_resort(stage: str) -> list[Json]:
    keys = [_own(_arn(stage, f"janitor/{name}"), _arn(stage, f"provider/{name}")) for name in MARKETS]
    return [_statement("Markets", ["ssm:GetParameters"], keys)]


def _arn(stage: str, name: str) -> Json:
    return sub(f"arn:${{AWS::Partition}}:ssm:${{AWS::Region}}:${{AWS::AccountId}}:parameter{parameter(stage)}/{name}")


_STATEMENTS: dict[Grant, Statements] = {
    Grant.TABLE: _table,
    Grant.CHECK: _on("Check", "Table", "dynamodb:ConditionCheckItem"),
    Grant.FORGET: _on("Forget", "Table", "dynamodb:DeleteItem"),
    Grant.WAKE: _on("Wake", "Queue", "sqs:SendMessage"),
    Grant.CONSUME: _on("Consume", "Queue", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
    Grant.PUBLISH: _on("Publish", "Topic", "sns:Publish"),
    Grant.SUBSCRIBE: _subscribe,
    Grant.SECRETS: _parameters("Secrets", "GetParameters", "signing-keys", "pepper"),
    Grant.SIGNING: _parameters("Signing", "GetParameters", "signing-keys"),
    Grant.MARKETS: _parameters("Markets", "GetParameters", *(f"provider/{name}" for name in MARKETS)),
    Grant.LAST_RESORT: _last_resort,
    Grant.LENGTHEN: _parameters("Lengthen", "PutParameter", "override/*"),
    Grant.OVERRIDES: _parameters("Overrides", "GetParameter", "override/*"),
}
