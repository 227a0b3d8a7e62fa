"""The whole deployment rehearsed: the stack in moto's CloudFormation, every handler run from the zip alone."""

import json
from pathlib import Path

import pytest

from chalicelib.domain.schedule import EVERY
from deploy import bundle
from deploy.functions import API, FUNCTIONS
from deploy.names import function_name
from tests.deploy import events
from tests.deploy.cloud import ACCOUNT, REGION
from tests.deploy.stage import MARKET_KEY, SSH_KEY, Rehearsal

pytestmark = pytest.mark.stack


def test_the_stack_has_the_table_queues_topics_functions_and_rules_of_its_stage(stack: Rehearsal) -> None:
    aws = stack.aws
    table = aws.client("dynamodb").describe_table(TableName="shopper-prod")["Table"]
    assert {index["IndexName"] for index in table["GlobalSecondaryIndexes"]} == {"due", "owned", "feed"}
    queues = aws.client("sqs").list_queues()["QueueUrls"]
    assert {url.rsplit("/", 1)[1] for url in queues} == {"shopper-prod-wakeups", "shopper-prod-wakeups-dead"}
    topics = aws.client("sns").list_topics()["Topics"]
    assert {topic["TopicArn"].rsplit(":", 1)[1] for topic in topics} == {"shopper-prod", "shopper-prod-alarms"}
    functions = aws.client("lambda").list_functions()["Functions"]
    assert {one["FunctionName"] for one in functions} == {function_name(name, "prod") for name in FUNCTIONS}
    rules = aws.client("events").list_rules()["Rules"]
    paces = sorted(rule["ScheduleExpression"] for rule in rules)
    assert len(paces) == len(FUNCTIONS) - 2  # all but the API and the worker
    assert {"rate(1 minute)", "rate(5 minutes)", "rate(15 minutes)"} <= set(paces)
    (source,) = aws.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - {API, "worker"}))
def test_a_scheduled_function_runs_from_the_package_alone(stack: Rehearsal, name: str) -> None:
    assert name in EVERY
    stack.invoke(name, events.tick(name))
    assert '"level":"ERROR"' not in stack.output


def test_a_function_sees_its_package_the_runtime_client_and_python_alone(stack: Rehearsal, tmp_path: Path) -> None:
    (tmp_path / "probe.py").write_text(
        "import sys\n"
        "def handler(event, context):\n"
        "    import app\n"
        "    files = [getattr(module, '__file__', None) for module in sys.modules.values()]\n"
        "    return {'path': sys.path, 'files': [file for file in files if file]}\n"
    )
    seen = stack.invoke(API, {}, "probe.handler", str(tmp_path))
    here = [place for place in [*seen["path"], *seen["files"]] if Path(place).is_relative_to(bundle.ROOT)]
    assert here == []
    assert not [file for file in seen["files"] if "site-packages" in file]
    (app,) = [file for file in seen["files"] if file.endswith("/app.py") and "chalice" not in file]
    assert (Path(app).parent / "chalicelib").is_dir()


def test_an_alert_goes_out_through_the_topic(stack: Rehearsal) -> None:
    """No function listens to a topic. What SNS hands on is what a subscriber of ours gets."""
    queue, topics = stack.aws.client("sqs"), stack.aws.client("sns")
    url = queue.create_queue(QueueName="a-subscriber")["QueueUrl"]
    topic = stack.aws.environment("shopper-prod-alert")["SHOPPER_TOPIC_ARN"]
    name = f"arn:aws:sqs:{REGION}:{ACCOUNT}:a-subscriber"
    topics.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=name, Attributes={"RawMessageDelivery": "false"})
    stack.tell("of the topic")
    stack.invoke("alert", events.tick("alert"))
    (message,) = queue.receive_message(QueueUrl=url)["Messages"]
    envelope = json.loads(message["Body"])
    assert (envelope["Type"], envelope["TopicArn"]) == ("Notification", topic)
    assert envelope["MessageAttributes"]["kind"]["Value"] == "low_balance"
    assert "a rehearsal" in envelope["Message"]


def test_the_janitor_needs_no_table_and_says_what_it_saw(stack: Rehearsal) -> None:
    assert "SHOPPER_TABLE" not in stack.aws.environment("shopper-prod-janitor")
    stack.invoke("janitor", events.tick("janitor"))
    for market in ("vastai", "tensordock"):
        assert f'"provider": "{market}"' in stack.output
    assert "JanitorCompleted" in stack.output


def test_the_api_answers_as_behind_the_gateway(stack: Rehearsal) -> None:
    assert stack.ask("GET", "/sessions")[0] == 401
    status, told = stack.ask("GET", "/sessions", stack.key, query={"limit": "5"})
    assert (status, told["count"]) == (200, len(told["sessions"]))
    status, told = stack.ask("GET", "/sessions/{id}", stack.key, id="prod-none")
    assert (status, told["code"]) == (404, "not_found")


def test_its_health_is_ok_once_its_sweeps_have_run_though_the_janitor_cannot_say_so(stack: Rehearsal) -> None:
    for name in EVERY:
        stack.invoke(name, events.tick(name))
    status, told = stack.ask("GET", "/health")
    sweeps = told["checks"]["sweeps"]
    assert {name for name, check in sweeps.items() if check["status"] != "ok"} == {"janitor"}
    assert (status, told["status"], sweeps["janitor"]["status"]) == (200, "ok", "unseen")


def test_the_description_names_the_stage_that_was_asked(stack: Rehearsal) -> None:
    status, told = stack.ask("GET", "/openapi.json")
    assert (status, told["servers"]) == (200, [{"url": "/prod"}])


def test_a_machine_is_rented_and_ended_by_the_functions_alone(stack: Rehearsal) -> None:
    stack.ask("GET", "/inventory", stack.key)  # somebody asks
    stack.invoke("inventory", events.tick("inventory"))
    order = {"requirements": {"provider": ["vastai"]}, "ssh_public_key": SSH_KEY, "hours": 1}
    status, session = stack.ask("POST", "/sessions", stack.key, order)
    assert (status, session["status"]) == (202, "pending"), session
    assert stack.wake() >= 1
    stack.invoke("launch", events.tick("launch"))
    _, session = stack.ask("GET", "/sessions/{id}", stack.key, id=session["id"])
    assert session["status"] in ("provisioning", "running"), session
    assert session["provider_instance_id"]
    status, _ = stack.ask("DELETE", "/sessions/{id}", stack.key, id=session["id"])
    assert status == 202
    assert stack.wake() >= 1
    _, session = stack.ask("GET", "/sessions/{id}", stack.key, id=session["id"])
    assert session["status"] in ("terminating", "terminated", "failed")
    assert MARKET_KEY not in stack.output
