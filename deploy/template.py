"""What Chalice cannot know: the part of the CloudFormation template that is laid over the one it makes."""

from chalicelib.settings import MARKETS
from deploy import alarms, dashboard, gateway, policies, state
from deploy.functions import API, FUNCTIONS, Grant
from deploy.names import Json, condition, function_name, logs_of, ref, resource

_LOG_DAYS = 30
_STALE_SECONDS = 300  # a tick that Lambda could not deliver; by default it keeps them for six hours, then runs them all
_WORKERS = 10  # messages at work at once: enough for a hundred endings, few enough for the providers' limits
_FEW_WORKERS = 2  # AWS's least: a new account has 10 for everything, and the API and the sweeps must find some of it


class Unmatched(Exception):
    """The app has a function without a row in `deploy.functions`, or a row has no function."""


def overlay(stage: str) -> Json:
    """Raises Unmatched."""
    _match()
    found: Json = {}
    for name in FUNCTIONS:
        found[resource(name)] = _function(name, stage)
        found[logs_of(name)] = {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {
                "LogGroupName": f"/aws/lambda/{function_name(name, stage)}",
                "RetentionInDays": _LOG_DAYS,
            },
        }
    for part in (state, gateway, alarms, dashboard):
        found |= part.resources(stage)
    return {
        "Description": f"Cloud GPU Shopper, stage {stage}",
        "Parameters": _parameters(),
        "Conditions": _conditions(),
        "Resources": found,
        "Outputs": {name: {"Value": ref(name)} for name in ("Table", "Queue", "Topic", "AlarmTopic")},
    }


def _match() -> None:
    from app import app

    there = {API, *(source.name for source in app.event_sources)}
    if there != set(FUNCTIONS):
        raise Unmatched(f"in the app or in deploy.functions, not in both: {', '.join(sorted(there ^ set(FUNCTIONS)))}")


def _function(name: str, stage: str) -> Json:
    """Laid over Chalice's; its size and its role are in the configuration that Chalice reads."""
    function = FUNCTIONS[name]
    properties: Json = {
        "FunctionName": function_name(name, stage),
        "Environment": {"Variables": policies.environment(name, stage)},
        "LoggingConfig": {"LogGroup": ref(logs_of(name))},
    }
    if function.reserved is not None:
        properties["ReservedConcurrentExecutions"] = {
            "Fn::If": ["Reserve", function.reserved, ref("AWS::NoValue")],
        }
    if name not in (API, "worker"):
        properties["EventInvokeConfig"] = {"MaximumEventAgeInSeconds": _STALE_SECONDS}
    if Grant.CONSUME in function.grants:
        source = {
            "Queue": {"Fn::GetAtt": ["Queue", "Arn"]},
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "ScalingConfig": {"MaximumConcurrency": {"Fn::If": ["Reserve", _WORKERS, _FEW_WORKERS]}},
        }
        # A step of a session sends the message for its next one, so a boot or an end is a chain through one queue and
        # one function. After some sixteen links Lambda would take it for a mistake and stop it; it ends by itself when
        # its session does.
        properties["RecursiveLoop"] = "Allow"
        properties["Events"] = {f"{resource(name)}SqsEventSource": {"Properties": source}}
    return {"Properties": properties}


def _parameters() -> Json:
    yes_or_no = {"Type": "String", "AllowedValues": ["yes", "no"]}
    markets = {
        name.capitalize(): {**yes_or_no, "Default": "yes", "Description": f"Rent at {name}; its key lies in SSM"}
        for name in MARKETS
    }
    return {
        **markets,
        "AlarmEmail": {"Type": "String", "Default": "", "Description": "Who gets alerts and alarms; empty for nobody"},
        "PublicUrl": {
            "Type": "String",
            "Default": "",
            "Description": "The URL that agents call, where the API has a name of its own",
        },
        "LogLevel": {"Type": "String", "Default": "info", "AllowedValues": ["debug", "info", "warning", "error"]},
        "ReserveConcurrency": {
            **yes_or_no,
            "Default": "yes",
            "Description": "Keep concurrency for what ends machines; `no` where the account has too little",
        },
        "JanitorKeys": {
            **yes_or_no,
            "Default": "no",
            "Description": "The janitor has keys of its own in SSM, which live on when the others are revoked",
        },
        "Restart": {"Type": "String", "Default": "0", "Description": "Another value starts every function anew"},
    }


def _conditions() -> Json:
    def given(name: str) -> Json:
        return {"Fn::Not": [{"Fn::Equals": [ref(name), ""]}]}

    return {
        **{condition(name): {"Fn::Equals": [ref(name.capitalize()), "yes"]} for name in MARKETS},
        "HasEmail": given("AlarmEmail"),
        "HasPublicUrl": given("PublicUrl"),
        "JanitorKeys": {"Fn::Equals": [ref("JanitorKeys"), "yes"]},
        "Reserve": {"Fn::Equals": [ref("ReserveConcurrency"), "yes"]},
    }
