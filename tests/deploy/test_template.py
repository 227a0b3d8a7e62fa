"""What CloudFormation is told, where no rehearsal would notice that it is wrong."""

import json
import re
from pathlib import Path

import pytest

from chalicelib.api.refusals import CODES
from chalicelib.domain import tag
from chalicelib.domain.instant import seconds
from chalicelib.domain.policy import Policy
from chalicelib.domain.schedule import WOKEN
from chalicelib.providers import vastai_offers
from chalicelib.settings import MARKETS
from chalicelib.usecases import refreshing
from deploy import bundle
from deploy.functions import API, FUNCTIONS, Grant
from deploy.names import Json, function_name, resource
from tests.api.described import description
from tests.deploy.cloud import translated
from tests.deploy.conftest import resources, said


def test_the_table_is_backed_up_swept_encrypted_for_nothing_and_outlives_the_stack(template: Json) -> None:
    table = template["Resources"]["Table"]
    properties = table["Properties"]
    # Not `RetainExceptOnCreate`: a rollback that may delete it fails at the table that is protected from that.
    assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert "SSESpecification" not in properties  # encrypted by AWS's own key: what it asks for is one that is billed
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    indexes = {index["IndexName"]: index["Projection"] for index in properties["GlobalSecondaryIndexes"]}
    assert indexes == {key: {"ProjectionType": "KEYS_ONLY"} for key in ("due", "owned", "feed")}


def test_only_the_table_of_production_is_protected_from_deletion(templates: dict[str, Json]) -> None:
    protected = {stage: made["Resources"]["Table"]["Properties"] for stage, made in templates.items()}
    assert {stage: table["DeletionProtectionEnabled"] for stage, table in protected.items()} == {
        "prod": True,
        "dev": False,
    }


def test_two_stages_share_no_name(templates: dict[str, Json]) -> None:
    names = {
        stage: {
            value
            for made in template["Resources"].values()
            for key, value in made.get("Properties", {}).items()
            if isinstance(value, str)
            and re.fullmatch(r"(Function|Table|Queue|Topic|Alarm|Dashboard|LogGroup)Name|Name", key)
        }
        for stage, template in templates.items()
    }
    assert len(names["prod"]) == len(names["dev"]) > 30
    assert not names["prod"] & names["dev"]


def test_two_stages_keep_their_secrets_apart_and_are_foreign_to_each_other(templates: dict[str, Json]) -> None:
    """Even under one signing key: the deployment's name is part of every tag."""
    paths, deployments = {}, {}
    for stage, template in templates.items():
        given = [one["Environment"]["Variables"] for one in resources(template, "AWS::Serverless::Function").values()]
        deployments[stage] = {one["SHOPPER_DEPLOYMENT"] for one in given}
        paths[stage] = set(re.findall(r"/gpu-shopper/[a-z]+", said(template)))
    assert deployments == {"prod": {"prod"}, "dev": {"dev"}}
    assert paths == {"prod": {"/gpu-shopper/prod"}, "dev": {"/gpu-shopper/dev"}}
    key = b"one key for both"
    tags = {stage: tag.of(tag.mint(stage, 1_700_000_000_000, b"0123456789", key)) for stage in ("prod", "dev")}
    for stage, other in (("prod", "dev"), ("dev", "prod")):
        assert isinstance(tag.read(tags[stage], stage, (key,)), tag.Ours)
        assert tag.read(tags[other], stage, (key,)) == tag.Foreign()


def test_a_failed_message_alone_comes_back_and_a_poisoned_one_ends_in_the_dead_letters(template: Json) -> None:
    (source,) = template["Resources"]["Worker"]["Properties"]["Events"].values()
    assert source["Properties"]["Queue"] == {"Fn::GetAtt": ["Queue", "Arn"]}
    assert source["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    queue = template["Resources"]["Queue"]["Properties"]
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": ["DeadLetters", "Arn"]}
    assert queue["VisibilityTimeout"] >= 6 * FUNCTIONS["worker"].timeout
    tries = queue["RedrivePolicy"]["maxReceiveCount"]
    assert tries >= 5
    assert queue["MessageRetentionPeriod"] > tries * queue["VisibilityTimeout"]  # else it lapses before it is dead


def test_the_worker_leaves_a_new_account_most_of_its_concurrency(template: Json) -> None:
    """Its queue alone would take all the ten there are, and neither the API nor a sweep would find any."""
    (source,) = template["Resources"]["Worker"]["Properties"]["Events"].values()
    assert source["Properties"]["ScalingConfig"] == {"MaximumConcurrency": {"Fn::If": ["Reserve", 10, 2]}}
    (made,) = resources(translated(template), "AWS::Lambda::EventSourceMapping").values()
    assert made["ScalingConfig"] == source["Properties"]["ScalingConfig"]


def test_lambda_does_not_cut_the_chain_of_messages_that_a_session_is(template: Json) -> None:
    """Whoever takes messages from the queue and sends some to it looks like an endless loop to Lambda."""
    made = resources(translated(template), "AWS::Lambda::Function")
    for name, function in FUNCTIONS.items():
        loops = {Grant.CONSUME, Grant.WAKE} <= set(function.grants)
        assert made[resource(name)].get("RecursiveLoop") == ("Allow" if loops else None), name
    assert made[resource("worker")]["RecursiveLoop"] == "Allow"


def test_a_sweep_that_is_woken_while_it_runs_is_not_throttled(template: Json) -> None:
    """What is reserved is a limit too. The janitor is woken after its time is up."""
    for name, function in FUNCTIONS.items():
        if function.reserved is not None:
            properties = template["Resources"][resource(name)]["Properties"]
            assert properties["ReservedConcurrentExecutions"]["Fn::If"][:2] == ["Reserve", function.reserved]
            assert function.reserved >= (2 if function.timeout > WOKEN[name] else 1), name


def test_what_the_account_shares_stays_when_one_stage_goes_or_could_not_be_made(template: Json) -> None:
    """The role through which API Gateway logs is one setting for all stages of the account and region."""
    for name in ("GatewayAccount", "GatewayLogRole"):
        made = template["Resources"][name]
        assert (made["DeletionPolicy"], made["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_ticks_that_could_not_be_delivered_do_not_pile_up(template: Json) -> None:
    for name in set(FUNCTIONS) - {API, "worker"}:
        waits = template["Resources"][resource(name)]["Properties"]["EventInvokeConfig"]
        assert waits["MaximumEventAgeInSeconds"] <= 300


def test_a_market_nobody_reconciles_is_an_alarm_by_its_very_silence(template: Json) -> None:
    alarms = resources(template, "AWS::CloudWatch::Alarm")
    for market in MARKETS:
        silent = [
            alarm
            for alarm in alarms.values()
            if alarm["TreatMissingData"] == "breaching"
            and {"Name": "provider", "Value": market} in alarm["Dimensions"]
            and {"Name": "deployment", "Value": template["Resources"]["Table"]["Properties"]["TableName"][8:]}
            in alarm["Dimensions"]
        ]
        assert {alarm["MetricName"] for alarm in silent} == {"ReconcileCompleted", "JanitorCompleted"}


def test_who_fails_at_money_every_late_sweep_every_dead_letter_and_every_stuck_destroy_is_told(
    template: Json,
) -> None:
    alarms = resources(template, "AWS::CloudWatch::Alarm").values()
    stage = template["Resources"]["Table"]["Properties"]["TableName"][8:]
    (errors,) = [alarm for alarm in alarms if alarm["MetricName"] == "Errors"]
    assert errors["Dimensions"] == [{"Name": "FunctionName", "Value": function_name("worker", stage)}]
    (late,) = [alarm for alarm in alarms if alarm["MetricName"] == "SweepsLate"]
    assert late["Dimensions"] == [{"Name": "deployment", "Value": stage}]
    assert late["TreatMissingData"] == "breaching"  # who counts the others may stop too
    metrics = [alarm["MetricName"] for alarm in alarms]
    assert {"DestroysStuck", "ApproximateNumberOfMessagesVisible", "5XXError", "Throttles"} <= set(metrics)
    assert all(alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "AlarmTopic"}] for alarm in alarms)


def test_alerts_are_encrypted_and_both_topics_can_reach_a_person(template: Json) -> None:
    topics = resources(template, "AWS::SNS::Topic")
    assert topics["Topic"]["KmsMasterKeyId"] == "alias/aws/sns"
    mails = resources(template, "AWS::SNS::Subscription").values()
    assert {mail["TopicArn"]["Ref"] for mail in mails} == {"Topic", "AlarmTopic"}
    assert {mail["Protocol"] for mail in mails} == {"email"}


def test_logs_end_after_a_while(template: Json) -> None:
    groups = resources(template, "AWS::Logs::LogGroup")
    assert len(groups) == len(FUNCTIONS) + 1
    assert all(group["RetentionInDays"] == 30 for group in groups.values())


def test_functions_have_the_time_and_memory_of_their_row(template: Json) -> None:
    for name, row in FUNCTIONS.items():
        properties = template["Resources"][resource(name)]["Properties"]
        assert (properties["MemorySize"], properties["Timeout"]) == (row.memory, row.timeout)
        assert properties["Runtime"].startswith("python3.")
    assert FUNCTIONS[API].timeout <= 29  # API Gateway waits no longer


def test_a_look_at_the_markets_is_claimed_for_as_long_as_its_function_may_run() -> None:
    """And the largest market that is read to its end takes less: the first ten searches at once, then ten a minute."""
    function, policy = FUNCTIONS["inventory"], Policy()
    assert seconds(function.timeout) == refreshing.LONGEST
    pages = 2 * (vastai_offers._MOST_PAGES - 1)
    spacing = policy.vastai_call_spacing_seconds * policy.vastai_search_spacing_factor
    assert (pages - policy.vastai_search_burst) * spacing + 60 < function.timeout


def test_the_gateway_is_regional_throttled_logged_and_errs_in_our_form(template: Json) -> None:
    api = template["Resources"]["RestAPI"]["Properties"]
    assert api["EndpointConfiguration"] == "REGIONAL"
    (method,) = api["MethodSettings"]
    assert method["ThrottlingRateLimit"] > 0
    assert "$context.requestId" in api["AccessLogSetting"]["Format"]
    assert "authorization" not in api["AccessLogSetting"]["Format"].lower()
    for response in api["GatewayResponses"].values():
        body = json.loads(response["ResponseTemplates"]["application/json"])
        assert {"type", "title", "status", "detail", "code", "request_id"} <= set(body)
        assert str(body["status"]) == response["StatusCode"]
        assert response["ResponseParameters"]["Headers"] == {"Content-Type": "'application/problem+json'"}
    # A path it does not know is `MISSING_AUTHENTICATION_TOKEN`; with a key, taken for a signature, one of these.
    for name in ("MISSING_AUTHENTICATION_TOKEN", "INVALID_SIGNATURE", "ACCESS_DENIED", "UNAUTHORIZED"):
        assert api["GatewayResponses"][name]["StatusCode"] == "404"


def test_every_code_of_the_gateway_is_told_in_the_description(template: Json) -> None:
    about = description()["info"]["description"]
    for response in template["Resources"]["RestAPI"]["Properties"]["GatewayResponses"].values():
        body = json.loads(response["ResponseTemplates"]["application/json"])
        assert f"`{body['code']}`" in about
        assert CODES.get(body["code"], (body["status"],))[0] == body["status"]


def test_a_path_asked_with_a_wrong_method_says_which_it_takes(template: Json) -> None:
    paths = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
    wrong = paths["/sessions/{id}"]["x-amazon-apigateway-any-method"]["x-amazon-apigateway-integration"]
    answer = wrong["responses"]["default"]
    assert answer["statusCode"] == "405"
    assert answer["responseParameters"]["method.response.header.Allow"] == "'DELETE, GET'"
    assert json.loads(answer["responseTemplates"]["application/json"])["code"] == "method_not_allowed"


def test_the_page_of_graphs_holds_every_function(template: Json) -> None:
    (page,) = resources(template, "AWS::CloudWatch::Dashboard").values()
    body = json.loads(page["DashboardBody"]["Fn::Sub"])
    assert all(f'"{name}"' in said(body) for name in (page["DashboardName"] + "-wakeups-dead", "DestroysStuck"))
    spots = {(graph["x"], graph["y"]) for graph in body["widgets"]}
    assert len(spots) == len(body["widgets"])


def test_a_setting_in_the_stages_configuration_reaches_every_function(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = bundle.configuration

    def configured(stage: str) -> Json:
        made = ours(stage)
        made["stages"][stage].setdefault("environment_variables", {})["SHOPPER_RECONCILE_DRY_RUN"] = "1"
        return made

    monkeypatch.setattr(bundle, "configuration", configured)
    bundle.template_only("prod", tmp_path)
    made = json.loads((tmp_path / bundle.TEMPLATE).read_text())["Resources"].values()
    functions = [one["Properties"]["Environment"]["Variables"] for one in made if one["Type"].endswith("::Function")]
    assert [variables["SHOPPER_RECONCILE_DRY_RUN"] for variables in functions] == ["1"] * len(FUNCTIONS)
