"""Least privilege, read off the finished template: who may touch what, and that the environment says the same."""

from typing import Any

from chalicelib.settings import MARKETS
from deploy.functions import API, FUNCTIONS
from deploy.names import Json, resource, role
from tests.deploy.conftest import resources, said

# Who looks at markets needs their keys; nobody else has them, and the API, which strangers talk to, least of all.
WITH_MARKETS = {"worker", "launch", "terminate", "reconcile", "watch", "invoice", "inventory", "janitor"}
WITHOUT_TABLE = {"janitor"}
PATTERNS = {
    "/override/*": "one parameter for each lengthened session, by its id",
}
"""Every resource with a wildcard, and why there is no narrower one."""

ANYTHING = {"sns:Unsubscribe": "a subscription is no resource to IAM; the alarms' topic is denied beside it"}
"""Every action that is allowed on `*`, and why AWS takes nothing else there."""


def statements(template: Json, name: str) -> list[Json]:
    (policy,) = resources(template, "AWS::IAM::Role")[role(name)]["Policies"]
    found: list[Json] = policy["PolicyDocument"]["Statement"]
    return found


def reach(template: Json, name: str, service: str) -> str:
    """Everything of one service that a function may touch, as text."""
    return said([one for one in statements(template, name) if any(a.startswith(f"{service}:") for a in one["Action"])])


def variables(template: Json, name: str) -> Json:
    found: Json = template["Resources"][resource(name)]["Properties"]["Environment"]["Variables"]
    return found


def test_every_function_has_a_role_of_its_own(template: Json) -> None:
    functions = resources(template, "AWS::Serverless::Function")
    assert set(functions) == {resource(name) for name in FUNCTIONS}
    roles = {name: functions[resource(name)]["Role"]["Fn::GetAtt"][0] for name in FUNCTIONS}
    assert roles == {name: role(name) for name in FUNCTIONS}


def test_only_who_talks_to_markets_may_read_their_keys(template: Json) -> None:
    readers = {name for name in FUNCTIONS if "/provider/" in reach(template, name, "ssm")}
    assert readers == WITH_MARKETS & set(FUNCTIONS)
    for name in readers:
        assert all(f"/provider/{market}" in reach(template, name, "ssm") for market in MARKETS)


def test_the_janitor_may_have_keys_of_its_own_and_then_has_no_others(template: Json) -> None:
    given = variables(template, "janitor")
    of_stage = f"/gpu-shopper/{given['SHOPPER_DEPLOYMENT']}"
    path = given["SHOPPER_PROVIDER_SECRETS_PATH"]
    assert path == {"Fn::If": ["JanitorKeys", f"{of_stage}/janitor", f"{of_stage}/provider"]}
    (keys,) = [one["Resource"] for one in statements(template, "janitor") if one["Sid"] == "Markets"]
    for (condition, own, shared), market in zip((key["Fn::If"] for key in keys), MARKETS, strict=True):
        assert condition == "JanitorKeys"
        assert own["Fn::Sub"].endswith(f"/janitor/{market}")
        assert shared["Fn::Sub"].endswith(f"/provider/{market}")
    others = set(FUNCTIONS) - {"janitor"}
    assert not [name for name in others if "/janitor/" in reach(template, name, "ssm")]


def test_the_api_holds_no_key_of_a_market(template: Json) -> None:
    assert "provider" not in reach(template, API, "ssm")
    assert "SHOPPER_PROVIDER_SECRETS_PATH" not in variables(template, API)


def test_the_janitor_has_no_table_no_queue_and_no_pepper(template: Json) -> None:
    assert {action.split(":")[0] for one in statements(template, "janitor") for action in one["Action"]} == {
        "logs",
        "ssm",
    }
    assert "pepper" not in reach(template, "janitor", "ssm")
    assert "/signing-keys" in reach(template, "janitor", "ssm")


def test_only_the_api_may_lengthen_and_nobody_may_write_a_secret(template: Json) -> None:
    writers = {name for name in FUNCTIONS if "ssm:PutParameter" in reach(template, name, "ssm")}
    assert writers == {API}
    (writing,) = [one for one in statements(template, API) if "ssm:PutParameter" in one["Action"]]
    assert all("/override/*" in said(one) for one in writing["Resource"])


def test_no_action_and_no_resource_is_a_wildcard_but_those_with_a_reason(template: Json) -> None:
    for name in FUNCTIONS:
        for one in statements(template, name):
            assert not [action for action in one["Action"] if "*" in action]
            if one["Resource"] == ["*"]:
                assert set(one["Action"]) <= set(ANYTHING), f"{name}: {one['Action']}"
                continue
            for place in one["Resource"]:
                text = said(place)
                assert "*" not in text or any(pattern in text for pattern in PATTERNS), f"{name}: {text}"


def test_whoever_may_end_subscriptions_may_not_silence_the_alarms(template: Json) -> None:
    able = {name for name in FUNCTIONS if "sns:Unsubscribe" in reach(template, name, "sns")}
    assert able == {API}
    denied = [one for one in statements(template, API) if one["Effect"] == "Deny"]
    assert [(one["Action"], one["Resource"]) for one in denied] == [(["sns:Unsubscribe"], [{"Ref": "AlarmTopic"}])]


def test_only_alarms_of_this_account_may_publish_to_their_topic(template: Json) -> None:
    (policy,) = resources(template, "AWS::SNS::TopicPolicy").values()
    (one,) = policy["PolicyDocument"]["Statement"]
    assert (one["Action"], one["Principal"]) == ("sns:Publish", {"Service": "cloudwatch.amazonaws.com"})
    assert "${AWS::AccountId}:alarm:*" in said(one["Condition"]["ArnLike"]["aws:SourceArn"])


def test_a_stage_reaches_nothing_of_the_other(templates: dict[str, Json]) -> None:
    for stage, other in (("prod", "dev"), ("dev", "prod")):
        for name in FUNCTIONS:
            for one in statements(templates[stage], name):
                assert f"/{other}/" not in said(one)
                assert f"-{other}" not in said(one)


def test_the_environment_names_exactly_what_the_role_allows(template: Json) -> None:
    for name in FUNCTIONS:
        given = variables(template, name)
        allowed = {
            "SHOPPER_TABLE": "dynamodb:" in said(statements(template, name)),
            "SHOPPER_QUEUE_URL": "sqs:SendMessage" in reach(template, name, "sqs"),
            "SHOPPER_TOPIC_ARN": bool(reach(template, name, "sns") != "[]"),
            "SHOPPER_SECRETS_PATH": "/signing-keys" in reach(template, name, "ssm"),
            "SHOPPER_PROVIDER_SECRETS_PATH": "/provider/" in reach(template, name, "ssm"),
        }
        assert {key: key in given for key in allowed} == allowed, name
        assert (name in WITHOUT_TABLE) is ("SHOPPER_TABLE" not in given)


def test_no_secret_lies_in_the_environment(template: Json) -> None:
    known = {"SHOPPER_DEPLOYMENT", "SHOPPER_RELEASE", "SHOPPER_PROVIDERS", "SHOPPER_PUBLIC_URL", "LOG_LEVEL"}
    places = {"SHOPPER_TABLE", "SHOPPER_QUEUE_URL", "SHOPPER_TOPIC_ARN"}
    paths = {"SHOPPER_SECRETS_PATH", "SHOPPER_PROVIDER_SECRETS_PATH"}
    for name in FUNCTIONS:
        given: dict[str, Any] = variables(template, name)
        assert set(given) <= known | places | paths
        told = [given[path] for path in paths & set(given)]
        flat = [one for path in told for one in (path["Fn::If"][1:] if isinstance(path, dict) else [path])]
        assert all(path.startswith("/gpu-shopper/") for path in flat)
